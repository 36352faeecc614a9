import AgentSlots

// The program that the tests start as supervisor, in place of the whole agent.
guard CommandLine.arguments.count == 3, CommandLine.arguments[1] == "supervise" else { exitWithUsage() }
exit(Supervisor.run(directory: CommandLine.arguments[2]))
