#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#endif

static int64_t microseconds(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t mortise_boot_microseconds(void) {
#if defined(__linux__)
    return microseconds(CLOCK_BOOTTIME);
#else
    return microseconds(CLOCK_MONOTONIC);
#endif
}

int64_t mortise_wall_microseconds(void) { return microseconds(CLOCK_REALTIME); }

int mortise_bind_processors(const int *numbers, size_t count) {
#if defined(__linux__)
    int all = 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] < 0) {
            errno = EINVAL;
            return -1;
        }
        if (numbers[i] >= all) all = numbers[i] + 1;
    }
    cpu_set_t *set = CPU_ALLOC(all);
    if (set == NULL) return -1;
    CPU_ZERO_S(CPU_ALLOC_SIZE(all), set);
    for (size_t i = 0; i < count; i++) CPU_SET_S(numbers[i], CPU_ALLOC_SIZE(all), set);
    int result = sched_setaffinity(0, CPU_ALLOC_SIZE(all), set);
    CPU_FREE(set);
    return result;
#else
    (void)numbers;
    (void)count;
    errno = ENOSYS;
    return -1;
#endif
}

// strerror_r has two shapes; which one is declared depends on the C library.
static const char *chosen_text(const char *result, const char *buffer) {
    (void)buffer;
    return result;
}
static const char *chosen_text_posix(int result, const char *buffer) {
    return result == 0 ? buffer : "unknown error";
}

void mortise_error_text(int code, char *buffer, size_t capacity) {
    char text[256] = "";
    const char *found = _Generic(
        strerror_r(code, text, sizeof text), char *: chosen_text, int: chosen_text_posix)(
        strerror_r(code, text, sizeof text), text);
    snprintf(buffer, capacity, "%s", found);
}

int mortise_open(const char *path, int flags, mode_t mode) { return open(path, flags | O_CLOEXEC, mode); }

int mortise_open_at(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags | O_CLOEXEC, mode);
}

int mortise_lock(int descriptor, int is_exclusive) {
    return flock(descriptor, is_exclusive ? LOCK_EX | LOCK_NB : LOCK_UN);
}

int mortise_pipe(int ends[2]) {
#if defined(__linux__)
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
#else
    if (pipe(ends) != 0) return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

void mortise_close_from(int first) {
#if defined(__linux__) && defined(SYS_close_range)
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0u) == 0) return;
#endif
    // Before Linux 5.9: whatever this project opens is closed on exec anyway, this is for what others opened.
    for (int descriptor = first; descriptor < 1024; descriptor++) close(descriptor);
}

uint64_t mortise_raise_open_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return (uint64_t)before;
    }
    return (uint64_t)limit.rlim_cur;
}

int mortise_disk_space(const char *path, uint64_t *total, uint64_t *available) {
    struct statvfs space;
    if (statvfs(path, &space) != 0) return -1;
    *total = (uint64_t)space.f_blocks * space.f_frsize;
    *available = (uint64_t)space.f_bavail * space.f_frsize;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position) {
    (void)status;
    (void)kind;
    (void)position;
    remove(path);
    return 0;
}

static int open_folder(const char *path, const struct stat *status, int kind, struct FTW *position) {
    (void)position;
    if (kind == FTW_D || kind == FTW_DNR) {
        if ((status->st_mode & 0700) != 0700) chmod(path, 0700);
    }
    return 0;
}

int mortise_remove_tree(const char *path) {
    const int flags = FTW_PHYS | FTW_MOUNT;
    nftw(path, remove_entry, 32, flags | FTW_DEPTH);
    struct stat status;
    if (lstat(path, &status) != 0) return 0;
    // What a job left without permissions: give them back, folder by folder, as each opens the way to the next.
    for (int round = 0; round < 64; round++) {
        nftw(path, open_folder, 32, flags);
        nftw(path, remove_entry, 32, flags | FTW_DEPTH);
        if (lstat(path, &status) != 0) return 0;
        if (!S_ISDIR(status.st_mode)) break;
    }
    errno = ENOTEMPTY;
    return -1;
}

// A socket's path has 108 bytes; through the directory's descriptor it is always short.
static int unix_address(int directory, const char *name, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
#if defined(__linux__)
    int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory, name);
#else
    char folder[PATH_MAX];
    if (fcntl(directory, F_GETPATH, folder) != 0) return -1;
    int length = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", folder, name);
#endif
    if (length < 0 || (size_t)length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

static int unix_socket(void) {
#if defined(__linux__)
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) return -1;
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
#endif
}

static int closed(int descriptor) {
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

int mortise_unix_listen(int directory, const char *name) {
    struct sockaddr_un address;
    if (unix_address(directory, name, &address) != 0) return -1;
    int descriptor = unix_socket();
    if (descriptor < 0) return -1;
    unlinkat(directory, name, 0);
    // Nobody can connect before listen, so the mode is in place in time.
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) return closed(descriptor);
    if (fchmodat(directory, name, 0600, 0) != 0) return closed(descriptor);
    if (listen(descriptor, 8) != 0) return closed(descriptor);
    return descriptor;
}

int mortise_unix_connect(int directory, const char *name) {
    struct sockaddr_un address;
    if (unix_address(directory, name, &address) != 0) return -1;
    int descriptor = unix_socket();
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) return closed(descriptor);
    return descriptor;
}

int mortise_unix_accept(int descriptor) {
#if defined(__linux__)
    int connection = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0) return -1;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return closed(connection);
    if (peer.uid != geteuid() && peer.uid != 0) {
        errno = EACCES;
        return closed(connection);
    }
    return connection;
#else
    int connection = accept(descriptor, NULL, NULL);
    if (connection < 0) return -1;
    fcntl(connection, F_SETFD, FD_CLOEXEC);
    fcntl(connection, F_SETFL, O_NONBLOCK);
    return connection;
#endif
}

int mortise_is_listening(int descriptor) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0;
}

ssize_t mortise_send(int descriptor, const void *bytes, size_t count) {
#if defined(MSG_NOSIGNAL)
    return send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
#else
    return send(descriptor, bytes, count, MSG_DONTWAIT);
#endif
}

#if defined(__linux__)

struct failure {
    volatile int code;
    volatile int stage;
};

__attribute__((noreturn)) static void fail(struct failure *failure, int stage) {
    failure->code = errno;
    failure->stage = stage;
    _exit(127);
}

static void place(int from, int to, struct failure *failure) {
    if (from < 0) return;
    if (dup2(from, to) < 0) fail(failure, mortise_spawn_stage_fork);
}

// Runs in the parent's memory between vfork and exec: system calls alone, nothing that allocates or locks.
__attribute__((noreturn)) static void become(
    const struct mortise_spawn_request *request, pid_t parent, struct failure *failure) {
    struct sigaction usual;
    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    for (int number = 1; number < 32; number++) {
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &usual, NULL);
    }
    if (request->new_session) {
        if (setsid() < 0) fail(failure, mortise_spawn_stage_fork);
    } else if (setpgid(0, 0) != 0) {
        fail(failure, mortise_spawn_stage_fork);
    }
    if (request->ends_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
    }
    if (request->control_group >= 0 && write(request->control_group, "0", 1) < 0) {
        fail(failure, mortise_spawn_stage_group);
    }
    place(request->standard_input, 0, failure);
    place(request->standard_output, 1, failure);
    place(request->standard_error, 2, failure);
    mortise_close_from(3);
    if (request->directory && chdir(request->directory) != 0) fail(failure, mortise_spawn_stage_directory);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->arguments, request->environment);
    fail(failure, mortise_spawn_stage_exec);
}

int mortise_spawn(const struct mortise_spawn_request *request, pid_t *process, int *stage) {
    // vfork, not posix_spawn: the death signal and the control group have to be set between fork and exec.
    struct failure failure = {0, mortise_spawn_stage_fork};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) become(request, parent, &failure);
    int code = child < 0 ? errno : failure.code;
    if (child > 0 && code != 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *process = child;
    *stage = failure.stage;
    return code;
}

int mortise_peek_child(pid_t *process, int *is_signal, int *status) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    int result;
    do {
        result = waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT | __WALL);
    } while (result != 0 && errno == EINTR);
    if (result != 0) return -1;
    if (information.si_pid == 0) return 0;
    *process = information.si_pid;
    *is_signal = information.si_code != CLD_EXITED;
    *status = information.si_status;
    return 1;
}

int mortise_reap(pid_t process) {
    pid_t result;
    do {
        result = waitpid(process, NULL, WNOHANG | __WALL);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -1 : result == process;
}

int mortise_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int mortise_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t position = 0; position < count; position++) sigaddset(&set, signals[position]);
    int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (code != 0) {
        errno = code;
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int mortise_signal_next(int descriptor) {
    struct signalfd_siginfo information;
    ssize_t count = read(descriptor, &information, sizeof information);
    return count == sizeof information ? (int)information.ssi_signo : 0;
}

int mortise_boot_timer(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK); }

int mortise_boot_timer_set(int descriptor, int64_t boot_microseconds) {
    struct itimerspec setting;
    memset(&setting, 0, sizeof setting);
    setting.it_value.tv_sec = boot_microseconds / 1000000;
    setting.it_value.tv_nsec = (boot_microseconds % 1000000) * 1000;
    return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &setting, NULL);
}

int mortise_memory_file(const void *bytes, size_t count) {
    int descriptor = memfd_create("payload", MFD_CLOEXEC);
    if (descriptor < 0) return -1;
    size_t written = 0;
    while (written < count) {
        ssize_t result = pwrite(descriptor, (const char *)bytes + written, count - written, (off_t)written);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0) return closed(descriptor);
        written += (size_t)result;
    }
    return descriptor;
}

#else

static int missing(void) {
    errno = ENOSYS;
    return -1;
}

int mortise_spawn(const struct mortise_spawn_request *request, pid_t *process, int *stage) {
    (void)request;
    *process = -1;
    *stage = mortise_spawn_stage_fork;
    return ENOSYS;
}
int mortise_peek_child(pid_t *process, int *is_signal, int *status) {
    (void)process, (void)is_signal, (void)status;
    return missing();
}
int mortise_reap(pid_t process) {
    (void)process;
    return missing();
}
int mortise_adopt_orphans(void) { return missing(); }
int mortise_signal_descriptor(const int *signals, size_t count) {
    (void)signals, (void)count;
    return missing();
}
int mortise_signal_next(int descriptor) {
    (void)descriptor;
    return 0;
}
int mortise_boot_timer(void) { return missing(); }
int mortise_boot_timer_set(int descriptor, int64_t boot_microseconds) {
    (void)descriptor, (void)boot_microseconds;
    return missing();
}
int mortise_memory_file(const void *bytes, size_t count) {
    (void)bytes, (void)count;
    return missing();
}

#endif

void mortise_map_allocations(size_t from_bytes) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, (int)from_bytes);
#else
    (void)from_bytes;
#endif
}
