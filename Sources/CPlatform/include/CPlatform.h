// The few system calls that Swift cannot make well: variadic ones, ones behind feature macros, and the moments
// between fork and exec. Everything returns -1 and sets errno on failure unless it says otherwise. What an
// operating system does not have fails with ENOSYS.
#ifndef CPLATFORM_H
#define CPLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Time since boot, suspension included, in microseconds.
int64_t mortise_boot_microseconds(void);
/// The wall clock, in microseconds since 1970.
int64_t mortise_wall_microseconds(void);

/// Binds the calling process, and what it starts from now on, to these processors.
int mortise_bind_processors(const int *numbers, size_t count);

/// The text of an errno, in the caller's buffer.
void mortise_error_text(int code, char *buffer, size_t capacity);

/// How a program is started: in its own process group (or session), with no other descriptors than its three.
struct mortise_spawn_request {
    const char *path;
    char *const *arguments;
    char *const *environment;
    /// NULL: the caller's.
    const char *directory;
    /// Each above 2, or -1 for the caller's own.
    int standard_input;
    int standard_output;
    int standard_error;
    /// A cgroup.procs file, opened for writing, that the program joins first; -1 for none.
    int control_group;
    /// A new session (no controlling terminal) instead of a new process group alone.
    int new_session;
    /// KILL the program when the calling thread ends.
    int ends_with_parent;
};

/// What `mortise_spawn` was at when it failed.
enum mortise_spawn_stage {
    mortise_spawn_stage_fork = 0,
    mortise_spawn_stage_group = 1,
    mortise_spawn_stage_directory = 2,
    mortise_spawn_stage_exec = 3,
};

/// Starts a program; returns 0 or an errno, then `stage` says what failed. Its signals are all at their default.
int mortise_spawn(const struct mortise_spawn_request *request, pid_t *process, int *stage);

/// An ended child, not reaped yet. Returns 1 with the child, 0 when children run but none has ended, -1 when there
/// are no children. `is_signal` tells what `status` is: a signal's number or an exit code.
int mortise_peek_child(pid_t *process, int *is_signal, int *status);
/// Reaps one ended child without waiting; returns 1 when it did, 0 when it still runs, -1 when it is no child.
int mortise_reap(pid_t process);
/// Descendants whose parent ends become children of this process.
int mortise_adopt_orphans(void);

/// Blocks the signals in this thread and returns a descriptor that is readable when one has come.
int mortise_signal_descriptor(const int *signals, size_t count);
/// The next signal that has come; 0 when there is none.
int mortise_signal_next(int descriptor);

/// A descriptor that is readable once a moment of `mortise_boot_microseconds` has passed.
int mortise_boot_timer(void);
/// 0 disarms it.
int mortise_boot_timer_set(int descriptor, int64_t boot_microseconds);

/// A pipe, both ends closed on exec, the read end (0) without waiting.
int mortise_pipe(int ends[2]);
/// An anonymous file with these bytes, at its beginning.
int mortise_memory_file(const void *bytes, size_t count);
/// Closes every descriptor from `first` on.
void mortise_close_from(int first);
/// With O_CLOEXEC.
int mortise_open(const char *path, int flags, mode_t mode);
/// As `mortise_open`, relative to an open directory.
int mortise_open_at(int directory, const char *path, int flags, mode_t mode);
/// Takes or gives back flock(2); `is_exclusive` 0 gives it back. Never waits.
int mortise_lock(int descriptor, int is_exclusive);

/// A Unix stream socket that listens at `name` in an open directory, with mode 0600. Long paths do no harm.
int mortise_unix_listen(int directory, const char *name);
/// A connection to it, without waiting.
int mortise_unix_connect(int directory, const char *name);
/// The next connection, without waiting; -1 with EAGAIN when there is none. Refuses other users' processes.
int mortise_unix_accept(int descriptor);

/// Whether the descriptor is a socket that listens: 1 or 0.
int mortise_is_listening(int descriptor);
/// Sends without waiting and without SIGPIPE.
ssize_t mortise_send(int descriptor, const void *bytes, size_t count);

/// Lets this process have as many files open as it may; how many that is, 0 where it cannot be known.
uint64_t mortise_raise_open_files(void);

/// Free and total bytes of the file system of `path`, for a user without privileges.
int mortise_disk_space(const char *path, uint64_t *total, uint64_t *available);
/// Removes a file or a whole folder; follows no link, leaves no mount. 0 also when nothing is there.
int mortise_remove_tree(const char *path);

/// Gives allocations of this size and more pages of their own, where `malloc` can be told so (glibc).
void mortise_map_allocations(size_t from_bytes);

#endif
