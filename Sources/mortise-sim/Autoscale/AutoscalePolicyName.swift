import ArgumentParser
import CoordinatorAutoscale

/// Policies that can be replayed: Mortise's own, and models of others with their defaults.
enum AutoscalePolicyName: String, CaseIterable, ExpressibleByArgument {
    case demand, threshold
    case queueIdle = "queue-idle"
    case staticPeak = "static-peak"
    case seed1 = "seed-v1"
    case seed2 = "seed-v2"
    case clusterAutoscaler = "cluster-autoscaler"
    case karpenter, slurm, hyperqueue, ray, immediate
    case spareMedian = "spare-median"
    case spareQ90 = "spare-q90"

    func run(_ trace: SWFTrace, _ options: JobReplay.Options) -> ReplayResult {
        var result =
            switch self {
            case .demand:
                run(EnginePolicy(.demand(options.demand), tick: 10, options: options), trace, options)
            case .threshold: run(EnginePolicy(threshold(options), tick: 60, options: options), trace, options)
            case .queueIdle:
                run(
                    EnginePolicy(.queueIdle(), tick: 10, options: options, scaleIn: .wholePool), trace,
                    options)
            case .staticPeak: run(StaticPeak(nodes: options.staticNodes), trace, options)
            case .seed1: run(BlockingLoop(removesAll: true), trace, options)
            case .seed2: run(BlockingLoop(removesAll: false), trace, options)
            case .clusterAutoscaler: run(PeriodicScaler.clusterAutoscaler, trace, options)
            case .karpenter: run(Karpenter(), trace, options)
            case .slurm: run(PeriodicScaler.slurm, trace, options)
            case .hyperqueue: run(OneAtATime(), trace, options)
            case .ray: run(PeriodicScaler.ray(idleSeconds: options.idleSeconds), trace, options)
            case .immediate: run(Immediate(idleSeconds: options.idleSeconds), trace, options)
            case .spareMedian: run(SpareQuantile(quantile: 50), trace, options)
            case .spareQ90: run(SpareQuantile(quantile: 90), trace, options)
            }
        result.policy = rawValue
        return result
    }

    /// Its own limits are those of the replay.
    private func threshold(_ options: JobReplay.Options) -> ScalingPolicy {
        var rule = ThresholdPolicy()
        rule.most = options.maxNodes
        return .threshold(rule)
    }

    private func run(
        _ policy: some ReplayPolicy, _ trace: SWFTrace, _ options: JobReplay.Options
    ) -> ReplayResult {
        var policy = policy
        var replay = JobReplay(trace, options)
        return replay.run(&policy)
    }
}
