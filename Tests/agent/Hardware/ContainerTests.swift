@testable import AgentHardware
import ProtocolMessages
import Testing

@Suite("Containers and allocations")
struct ContainerTests {
    static let id = String(repeating: "0123456789abcdef", count: 4)
    static let uid = "01234567-89ab-cdef-0123-456789abcdef"

    @Test(
        "the container's id is in its group, or in what is mounted over its files",
        arguments: [
            ("4:memory:/docker/\(id)", ""), ("0::/system.slice/docker-\(id).scope", ""),
            ("0::/machine.slice/libpod-\(id).scope/container", ""),
            ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope", ""),
            ("0::/", "1 0 8:1 /var/lib/docker/containers/\(id)/hostname /etc/hostname rw - ext4 /dev/sda rw"),
            (
                "0::/",
                "1 0 8:1 /x/overlay-containers/\(id)/userdata/hosts /etc/hosts rw - ext4 /dev/sda rw"
            ),
        ])
    func containerID(membership: String, mounts: String) {
        let hints = ContainerHints(
            files: ["/.dockerenv"], membership: membership, mounts: MountTable(parsing: mounts))
        #expect(hints.container?.id == Self.id)
    }

    @Test("a path of another length is no container's id")
    func noID() {
        let hints = ContainerHints(files: ["/.dockerenv"], membership: "0::/docker/\(Self.id)0\n1:x:/abc")
        #expect(hints.container?.id == nil)
        #expect(hints.container?.engine == "docker")
        #expect(ContainerHints(membership: "0::/user.slice").container == nil)
    }

    @Test("a pod has a uid, a name and a namespace")
    func pod() {
        let underscored = String(Self.uid.map { $0 == "-" ? "_" : $0 })
        let hints = ContainerHints(
            environment: ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "HOSTNAME": "trainer-0"],
            membership: "0::/kubepods.slice/kubepods-burstable-pod\(underscored).slice/cri-\(Self.id).scope",
            podNamespace: "research\n")
        #expect(hints.container?.podUID == Self.uid)
        #expect(hints.container?.podName == "trainer-0")
        #expect(hints.container?.podNamespace == "research")
        #expect(hints.container?.id == Self.id)
        let mounted = ContainerHints(
            files: ["/var/run/secrets/kubernetes.io"], membership: "0::/",
            mounts: MountTable(
                parsing: "1 0 8:1 /var/lib/kubelet/pods/\(Self.uid)/etc-hosts /etc/hosts rw - xfs /dev/sda rw"
            ))
        #expect(mounted.container?.podUID == Self.uid)
        #expect(mounted.container?.podName == nil)
    }

    @Test("an apptainer container has an image, inside of whatever else")
    func image() {
        let hints = ContainerHints(
            files: ["/.dockerenv"],
            environment: ["APPTAINER_CONTAINER": "/images/torch.sif", "SLURM_JOB_ID": "5"])
        #expect(hints.container?.engine == "apptainer")
        #expect(hints.container?.image == "/images/torch.sif")
        #expect(hints.kind == "apptainer")
    }

    @Test(
        "other engines are known, too",
        arguments: [
            ("lxc", ["container": "lxc"], "", ""), ("lxc", [:], "0::/lxc.payload.box/x", ""),
            ("lxc", [:], "", "lxc\n"), ("nspawn", [:], "", "systemd-nspawn"), ("podman", [:], "", "podman"),
            ("shifter", ["SHIFTER_RUNTIME": "1"], "", ""),
            ("charliecloud", ["CH_RUNNING": "Weird Al"], "", ""),
        ] as [(String, [String: String], String, String)])
    func engines(engine: String, environment: [String: String], membership: String, manager: String) {
        let hints = ContainerHints(environment: environment, membership: membership, manager: manager)
        #expect(hints.engine == engine)
        #expect(hints.kind == engine)
    }

    private func allocation(_ environment: [String: String], _ membership: String = "") -> Allocation? {
        Allocation(
            environment: { environment[$0] }, membership: ControlGroupMembership(parsing: membership))
    }

    @Test("an allocation of each scheduler is known by its variables")
    func variables() {
        #expect(
            allocation([
                "SLURM_JOB_ID": "4711", "SLURM_STEP_ID": "0", "SLURM_JOB_PARTITION": "gpu",
                "SLURM_ARRAY_TASK_ID": "3", "SLURM_CLUSTER_NAME": "c1", "SLURM_JOB_END_TIME": "1800000000",
            ])
                == Allocation(
                    scheduler: .slurm, jobID: "4711", step: "0", arrayIndex: "3", queue: "gpu", cluster: "c1",
                    endSeconds: 1_800_000_000))
        #expect(
            allocation(["PBS_JOBID": "12[3].head", "PBS_QUEUE": "workq"])
                == Allocation(scheduler: .pbs, jobID: "12[3].head", queue: "workq"))
        #expect(
            allocation(["LSB_JOBID": "9", "LSB_JOBINDEX": "0"]) == Allocation(scheduler: .lsf, jobID: "9"))
        #expect(
            allocation(["JOB_ID": "8", "SGE_TASK_ID": "undefined"])
                == Allocation(scheduler: .gridEngine, jobID: "8"))
        #expect(allocation(["FLUX_JOB_ID": "f23"]) == Allocation(scheduler: .flux, jobID: "f23"))
        #expect(allocation(["JOB_ID": "8"]) == nil)
        #expect(allocation(["SLURM_JOB_ID": ""]) == nil)
        #expect(allocation(["SLURM_JOB_ID": "5\u{1b}[0m"]) == nil)
        #expect(allocation(["SLURM_JOB_ID": "5", "SLURM_JOB_END_TIME": "soon"])?.endSeconds == nil)
    }

    @Test(
        "where the environment is lost, the group's name tells",
        arguments: [
            ("4:memory:/slurm/uid_1000/job_4711/step_0/task_0", "slurm 4711 0"),
            ("0::/system.slice/slurmstepd.scope/job_4711/step_batch/user/task_0", "slurm 4711 batch"),
            ("0::/system.slice/n1_slurmstepd.scope/job_4711/step_extern", "slurm 4711 extern"),
            ("3:cpuset:/torque/123.head", "pbs 123.head -"),
            ("0::/pbs_jobs.service/jobid/123.head", "pbs 123.head -"),
            ("0::/lsf/c1/job.77.1234.5678", "lsf 77 -"),
            ("0::/system.slice/slurmd.service", nil), ("0::/user.slice/job_5", nil), ("0::/lsf/job.x", nil),
        ] as [(String, String?)])
    func groups(membership: String, expected: String?) {
        let found = allocation([:], membership)
        #expect(found.map { "\($0.scheduler.rawValue) \($0.jobID) \($0.step ?? "-")" } == expected)
    }

    @Test("a pod is an allocation where no other scheduler is")
    func podAllocation() {
        let machine = SurroundingsTests.machine(
            ["/proc/self/cgroup": "0::/kubepods/pod\(Self.uid)/\(Self.id)\n"],
            variables: ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAMESPACE": "lab"])
        #expect(
            machine.surroundings(workDirectory: "/x").allocation
                == Allocation(scheduler: .kubernetes, jobID: Self.uid, queue: "lab").report)
    }
}
