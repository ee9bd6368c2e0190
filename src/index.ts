/**
 * Every public module under its name. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */

/**
 * What a host asks of the one who logs in: passwords, passphrases, codes that are valid once.
 *
 * @since 0.1.0
 */
export * as AuthQuestion from "./services/AuthQuestion.ts"

/**
 * The keys that let a user in on a host: `~/.ssh/authorized_keys` there.
 *
 * @since 0.1.0
 */
export * as AuthorizedKeys from "./services/AuthorizedKeys.ts"

/**
 * How the plan of a cluster is made, again and again while it runs: for other hosts, another number of workers, another place
 * for one of them. An engine is a function that gives one; nothing here runs anything.
 *
 * @since 0.1.0
 */
export * as Blueprint from "./clusters/Blueprint.ts"

/**
 * What closing a scope found and did on each host: not assumed, but told by the guardians, and counted.
 *
 * @since 0.1.0
 */
export * as Cleanup from "./runtimes/Cleanup.ts"

/**
 * The one interpreter of cluster plans: environments, ports and tunnels, processes, readiness; then it heals and scales what
 * runs; and the way back.
 *
 * @since 0.1.0
 */
export * as Cluster from "./clusters/Cluster.ts"

/**
 * The Python environments of a plan: made in parallel, and compared before anything starts.
 *
 * @since 0.1.0
 */
export * as ClusterEnvironments from "./clusters/ClusterEnvironments.ts"

/**
 * The errors of clusters.
 *
 * @since 0.1.0
 */
export * as ClusterError from "./clusters/ClusterError.ts"

/**
 * What happens to a cluster while it lives.
 *
 * @since 0.1.0
 */
export * as ClusterEvent from "./clusters/ClusterEvent.ts"

/**
 * What the processes of a cluster print.
 *
 * @since 0.1.0
 */
export * as ClusterLog from "./clusters/ClusterLog.ts"

/**
 * What a cluster will be, as data: processes and their places, ports, routes, requirements. An engine is a pure function
 * from options and facts to a plan; nothing here runs anything.
 *
 * @since 0.1.0
 */
export * as ClusterPlan from "./clusters/ClusterPlan.ts"

/**
 * Numbers for the ports of a plan: free where the process runs, and bound at once wherever others must reach it.
 *
 * @since 0.1.0
 */
export * as ClusterPorts from "./clusters/ClusterPorts.ts"

/**
 * One process of a plan: its start in its seat, its readiness.
 *
 * @since 0.1.0
 */
export * as ClusterProcess from "./clusters/ClusterProcess.ts"

/**
 * Programs that use a cluster: on the manager or on one of its hosts, in the Python environment of the cluster, with the cluster's
 * addresses in their environment.
 *
 * @since 0.1.0
 */
export * as ClusterRun from "./clusters/ClusterRun.ts"

/**
 * The errors of programs that use a cluster.
 *
 * @since 0.1.0
 */
export * as ClusterRunError from "./clusters/ClusterRunError.ts"

/**
 * How a cluster is at a moment, as data.
 *
 * @since 0.1.0
 */
export * as ClusterStatus from "./clusters/ClusterStatus.ts"

/**
 * A Dask cluster as seen from TypeScript: calls Python functions there, typed by their schemas.
 *
 * @since 0.1.0
 */
export * as DaskClient from "./clusters/DaskClient.ts"

/**
 * What can go wrong between a program and a Dask cluster, beside the functions' own errors.
 *
 * @since 0.1.0
 */
export * as DaskClientError from "./clusters/DaskClientError.ts"

/**
 * Dask on SSH hosts: scheduler on the manager, workers on the hosts, a typed client.
 *
 * @since 0.1.0
 */
export * as DaskCluster from "./clusters/DaskCluster.ts"

/**
 * The link to the driver: `programs/driver.py`, a Dask client in Python that speaks newline-delimited JSON.
 *
 * @since 0.1.0
 */
export * as DaskDriver from "./clusters/DaskDriver.ts"

/**
 * A value on a Dask cluster, or one that is being computed there.
 *
 * @since 0.1.0
 */
export * as DaskFuture from "./clusters/DaskFuture.ts"

/**
 * What a Dask cluster is made of: a pure function from options and facts to a plan.
 *
 * @since 0.1.0
 */
export * as DaskPlan from "./clusters/DaskPlan.ts"

/**
 * Looks at hosts, and at the machine that runs this program: what keeps them from being used, and what mends it.
 *
 * @since 0.1.0
 */
export * as Doctor from "./runtimes/Doctor.ts"

/**
 * What a doctor finds on a host, as data.
 *
 * @since 0.1.0
 */
export * as DoctorFinding from "./runtimes/DoctorFinding.ts"

/**
 * What tasks and services print: a file for each execution, and each line live.
 *
 * @since 0.1.0
 */
export * as ExecutionLog from "./services/ExecutionLog.ts"

/**
 * The error of reading a log back.
 *
 * @since 0.1.0
 */
export * as ExecutionLogError from "./services/ExecutionLogError.ts"

/**
 * The execution logs that lie on this machine: which there are, their last lines, and what is written to them now, by
 * whatever process.
 *
 * @since 0.1.0
 */
export * as ExecutionLogs from "./services/ExecutionLogs.ts"

/**
 * Services of one machine on the loopback of another: of the manager on runtimes, of a runtime on the manager or on the rest of
 * its group. All goes over the connections that stand; nothing listens elsewhere than on loopback.
 *
 * @since 0.1.0
 */
export * as Expose from "./runtimes/Expose.ts"

/**
 * The errors of exposing ports.
 *
 * @since 0.1.0
 */
export * as ExposeError from "./runtimes/ExposeError.ts"

/**
 * Files of a host one operation at a time, as its system does them: what `RemoteFileSystem` is made of. Every error is an
 * `SshError` `Transfer` with the code of the system (`ENOENT`), as far as the host tells.
 *
 * @since 0.1.0
 */
export * as FileCalls from "./services/FileCalls.ts"

/**
 * Files and directories between this machine and a host.
 *
 * What both sides have is compared first, and makes a plan. What is missing goes to a place of its own below the target
 * (`.lazycluster-transfer`), is checked there by hash, and then gets its final names: nobody sees half a file, and a transfer that
 * was broken off goes on where it stopped. Modes, times, links and empty directories are kept, names may hold any bytes. The host
 * needs a POSIX shell, `tar`, `find` and a program for SHA-256; without them files go over SFTP, which can less.
 *
 * @since 0.1.0
 */
export * as FileTransfer from "./services/FileTransfer.ts"

/**
 * What can be wrong with a transfer.
 *
 * @since 0.1.0
 */
export * as FileTransferError from "./services/FileTransferError.ts"

/**
 * What a transfer will do, as data: made of what is on both sides, shown or compared without running anything.
 *
 * @since 0.1.0
 */
export * as FileTransferPlan from "./services/FileTransferPlan.ts"

/**
 * Hyperopt's `fmin` from TypeScript: an objective in Python, a typed space, workers on the hosts of a cluster.
 *
 * @since 0.1.0
 */
export * as Fmin from "./clusters/Fmin.ts"

/**
 * What can go wrong with a search.
 *
 * @since 0.1.0
 */
export * as FminError from "./clusters/FminError.ts"

/**
 * The trials of a search as a plot: the loss of each, and the best so far.
 *
 * @since 0.1.0
 */
export * as FminPlot from "./clusters/FminPlot.ts"

/**
 * A task that runs in the background of a runtime.
 *
 * @since 0.1.0
 */
export * as ForkedTask from "./runtimes/ForkedTask.ts"

/**
 * Calls functions on hosts, without a task around them.
 *
 * @since 0.1.0
 */
export * as FunctionCall from "./tasks/FunctionCall.ts"

/**
 * What a function on a host is made of, as data that travels with its task.
 *
 * @since 0.1.0
 */
export * as FunctionCode from "./tasks/FunctionCode.ts"

/**
 * What can go wrong with a function on a host.
 *
 * @since 0.1.0
 */
export * as FunctionError from "./tasks/FunctionError.ts"

/**
 * The errors of groups.
 *
 * @since 0.1.0
 */
export * as GroupError from "./runtimes/GroupError.ts"

/**
 * The manager's side of a guardian: starts it, keeps its lease, takes it over after the link was lost, ends it.
 *
 * @since 0.1.0
 */
export * as Guardian from "./services/Guardian.ts"

/**
 * The lines that manager and guardian say to each other. One conformance suite holds the script on real hosts and the
 * model in memory to it.
 *
 * The guardian is started with the words `take ID WORKING_DIRECTORY LEASE_SECONDS EVENTS_SEEN SETTING=VALUE… EXECUTABLE…`:
 * - `take` is `new` (make the runtime) or `resume` (take an existing one over after the link was lost)
 * - `WORKING_DIRECTORY` is a path to make if missing and keep, or empty for a temporary one
 * - `EVENTS_SEEN` is the number of events that the manager has already (0 at first)
 * - `cap=BYTES`: how many bytes are kept of each output of what `start` starts. Default 16 MiB
 * - `setup=LINE`: a line of shell, run once by the login shell; all that is started, and facts, have what it leaves in the
 *   environment. One that fails is `refused setup CODE<tab>LINE<tab>LINE…`, with the last lines that it printed
 *
 * With the words `renew ID` it renews the lease of that runtime, says `renewed`, and goes: for a manager whose connection
 * is stalled.
 *
 * Manager to guardian, a line each:
 * - `beat N`: renews the lease; answered by `beat N`
 * - `start NAME TEXT`: starts a process, unless NAME (letters, digits, `.`, `_`, `-`) was used before: a manager says it
 *   again when it cannot know whether it was heard. TEXT is `escapeLine(quoteAll(words))` with the words of the `run`
 *   program, `cwd`, the word `-`, `NAME=VALUE`…, `--`, argv…; output goes to `STATE/NAME.out` and `STATE/NAME.err`. What
 *   cannot be started is said to have started with pid 0 and to have exited with 125
 * - `stop NAME TENTHS`: TERM to the process, KILL to its whole session after so many tenths of a second
 * - `halt PID START TENTHS`: the same for a session that `run` recorded; answered by `halted PID`
 * - `ledger TEXT`: the ledger's JSON, `escapeLine`d; written with mode 0600 beside the state directory
 * - `end TENTHS`: ends everything, TERM first, KILL after so many tenths; answered by `report …` lines and `ended`
 *
 * Guardian to manager, a line each:
 * - `fact KEY VALUE` …, then `ready STATE<tab>WORKING_DIRECTORY`, or `refused REASON DETAIL` and the end
 * - `beat N`
 * - events, numbered from 1 in the order in which they are said, kept in a file of the state directory, so that a manager
 *   that takes the runtime over hears each one once: `event started NAME PID START`, `event exited NAME CODE`
 *   (128 + n after signal n), `event dropped NAME out|err BYTES` (the output was over the cap; its first so many bytes were
 *   dropped in all, their place reads as zeros; `STATE/NAME.hole-out` or `.hole-err` has the number, written before), and
 *   where the host can make no holes `event cut NAME out|err BYTES` (the file was emptied of so many bytes)
 * - `halted PID`
 * - `report KEY VALUE` …: `ended N`, `killed N` (those that needed KILL), `left PID COMMAND`, `removed PATH`,
 *   `kept PATH`, `stuck PATH` (could not be removed), then `ended`
 *
 * @since 0.1.0
 */
export * as GuardianProtocol from "./services/GuardianProtocol.ts"

/**
 * What names a machine: an alias of the ssh config, a literal `user@name:port`, or both with what it takes to log in.
 *
 * @since 0.1.0
 */
export * as Host from "./services/Host.ts"

/**
 * What a host is made of: read once, in the round trip that starts the guardian.
 *
 * @since 0.1.0
 */
export * as HostFacts from "./services/HostFacts.ts"

/**
 * What a host must have, as plain data; a predicate on its facts stands beside it.
 *
 * @since 0.1.0
 */
export * as HostFilter from "./runtimes/HostFilter.ts"

/**
 * Who answers at the far end of a connection, to tell whether two names are one machine.
 *
 * @since 0.1.0
 */
export * as HostIdentity from "./services/HostIdentity.ts"

/**
 * Hosts as a table for people.
 *
 * @since 0.1.0
 */
export * as HostTable from "./runtimes/HostTable.ts"

/**
 * How busy a host is now, which its facts do not tell: they stay as they are.
 *
 * @since 0.1.0
 */
export * as HostUsage from "./runtimes/HostUsage.ts"

/**
 * Hyperopt on SSH hosts: mongod on the manager, workers on the hosts, trials of dead workers queued again.
 *
 * @since 0.1.0
 */
export * as HyperoptCluster from "./clusters/HyperoptCluster.ts"

/**
 * What a Hyperopt cluster is made of: a pure function from options and facts to a plan.
 *
 * @since 0.1.0
 */
export * as HyperoptPlan from "./clusters/HyperoptPlan.ts"

/**
 * The error of waiting for tasks in the background.
 *
 * @since 0.1.0
 */
export * as JoinError from "./runtimes/JoinError.ts"

/**
 * A JavaScript or TypeScript function as data: a module of this project, an export of it, and schemas for what goes in and
 * what comes out. When it is called, the module is bundled with its imports on the manager, and run by the host's Node.
 *
 * @since 0.1.0
 */
export * as JsFunction from "./tasks/JsFunction.ts"

/**
 * What stays on hosts on purpose, below `${XDG_CACHE_HOME:-~/.cache}/lazycluster`: Python environments and wheels. Listed, and
 * removed where nothing uses it. No runtime is made for that.
 *
 * @since 0.1.0
 */
export * as KeptFiles from "./services/KeptFiles.ts"

/**
 * The known_hosts files: which keys belong to which hosts. Plain functions on plain data, as OpenSSH reads them.
 *
 * @since 0.1.0
 */
export * as KnownHosts from "./services/KnownHosts.ts"

/**
 * Where master and workers of a cluster run, and what each may use: a function of the hosts and their facts.
 *
 * @since 0.1.0
 */
export * as Launcher from "./clusters/Launcher.ts"

/**
 * Everything that a program needs, in one layer.
 *
 * @since 0.1.0
 */
export * as Lazycluster from "./Lazycluster.ts"

/**
 * Every error of this package as one: for a handler at the edge of a program.
 *
 * @since 0.1.0
 */
export * as LazyclusterError from "./LazyclusterError.ts"

/**
 * What a runtime has on its host, as one JSON file there (mode 0600): any later process can list, adopt or end it.
 *
 * @since 0.1.0
 */
export * as Ledger from "./services/Ledger.ts"

/**
 * What lazycluster runs on hosts, read from the ledgers that lie there: runtimes of whatever manager of this user, also of one
 * that has crashed. Nothing is started for it and nothing changed.
 *
 * @since 0.1.0
 */
export * as Ledgers from "./runtimes/Ledgers.ts"

/**
 * What stands in an execution log: one entry a line, of JSON or of text.
 *
 * @since 0.1.0
 */
export * as LogEntry from "./services/LogEntry.ts"

/**
 * The host that a program runs on, as what its context has.
 *
 * @since 0.1.0
 */
export * as Machine from "./runtimes/Machine.ts"

/**
 * A LayerMap of hosts: a program runs on the host that its context is taken from.
 *
 * @since 0.1.0
 */
export * as Machines from "./runtimes/Machines.ts"

/**
 * What is counted, for `effect/Metric` and what reads it (OpenTelemetry, Prometheus). Each has the tag `host`.
 *
 * @since 0.1.0
 */
export * as Metrics from "./services/Metrics.ts"

/**
 * The errors of MongoDB servers.
 *
 * @since 0.1.0
 */
export * as MongoError from "./clusters/MongoError.ts"

/**
 * What a MongoDB server is made of: mongod under a launcher of ours, as a process of a plan.
 *
 * @since 0.1.0
 */
export * as MongoPlan from "./clusters/MongoPlan.ts"

/**
 * A MongoDB server as a resource: on the manager or on a host, on loopback only, with a password.
 *
 * @since 0.1.0
 */
export * as MongoServer from "./clusters/MongoServer.ts"

/**
 * What is being done, for people who wait. The default tells nobody; the command line shows what takes long.
 *
 * @since 0.1.0
 */
export * as Progress from "./services/Progress.ts"

/**
 * Whether environments of several hosts can work together.
 *
 * @since 0.1.0
 */
export * as PythonAgreement from "./services/PythonAgreement.ts"

/**
 * A declared set of Python packages on a host: made once from pinned packages and kept, or an interpreter that is there, checked
 * and never changed.
 *
 * @since 0.1.0
 */
export * as PythonEnvironment from "./services/PythonEnvironment.ts"

/**
 * The errors of Python environments.
 *
 * @since 0.1.0
 */
export * as PythonEnvironmentError from "./services/PythonEnvironmentError.ts"

/**
 * What the manager and programs/environment.py say to each other: JSON, a message a line.
 *
 * @since 0.1.0
 */
export * as PythonEnvironmentProtocol from "./services/PythonEnvironmentProtocol.ts"

/**
 * A Python function as data: its source, and schemas for what goes in and what comes out. It runs on a host, or on the
 * workers of a Dask cluster. JSON is all that travels; nothing is pickled.
 *
 * @since 0.1.0
 */
export * as PythonFunction from "./tasks/PythonFunction.ts"

/**
 * Packages pinned to one version each, as `requirements.txt` writes them, and bounds on the version of Python.
 *
 * @since 0.1.0
 */
export * as PythonPackages from "./services/PythonPackages.ts"

/**
 * A place where Python programs of this package run, and how to talk with one: JSON, a message a line, both ways.
 *
 * @since 0.1.0
 */
export * as PythonTarget from "./services/PythonTarget.ts"

/**
 * Which hosts reach one another without SSH, and at which address: found by trying, with a nonce that tells a host from another one
 * with the same private address.
 *
 * @since 0.1.0
 */
export * as Reachability from "./runtimes/Reachability.ts"

/**
 * Whether a process is ready: asked, with a deadline, never slept for and never read from a log.
 *
 * @since 0.1.0
 */
export * as Readiness from "./clusters/Readiness.ts"

/**
 * The `CommandExecutor` of @effect/platform for a host: a program that starts commands with it starts them there.
 *
 * @since 0.1.0
 */
export * as RemoteCommandExecutor from "./services/RemoteCommandExecutor.ts"

/**
 * The files of a host as the `FileSystem` of @effect/platform: a program that was written for the local machine reads and
 * writes there, and meets the same errors.
 *
 * @since 0.1.0
 */
export * as RemoteFileSystem from "./services/RemoteFileSystem.ts"

/**
 * A function that runs on hosts, as data: its code, and schemas for what goes in and what comes out. A `PythonFunction` is
 * one, a `JsFunction` another. JSON is all that travels.
 *
 * @since 0.1.0
 */
export * as RemoteFunction from "./tasks/RemoteFunction.ts"

/**
 * A typed worker on a host: a module of this project that implements an RpcGroup of @effect/rpc, bundled with its imports and
 * run by the host's Node. Requests, streams, typed errors and interruption cross SSH; the worker ends with its scope.
 *
 * @since 0.1.0
 */
export * as RemoteWorker from "./tasks/RemoteWorker.ts"

/**
 * The errors of workers on hosts.
 *
 * @since 0.1.0
 */
export * as RemoteWorkerError from "./tasks/RemoteWorkerError.ts"

/**
 * Packages of a Python environment, from what others write: a requirements file, or a lock.
 *
 * @since 0.1.0
 */
export * as Requirements from "./services/Requirements.ts"

/**
 * How processes of a plan reach one another: directly, where hosts do, or through tunnels of the manager. A pure function of the
 * plan and of who reaches whom.
 *
 * @since 0.1.0
 */
export * as Routes from "./clusters/Routes.ts"

/**
 * A host in use: its working directory, environment, facts and processes, all gone when its scope closes.
 *
 * @since 0.1.0
 */
export * as Runtime from "./runtimes/Runtime.ts"

/**
 * The errors of a host in use.
 *
 * @since 0.1.0
 */
export * as RuntimeError from "./services/RuntimeError.ts"

/**
 * Runtimes that belong together: taken into use in parallel, worked on with bounded concurrency, closed in parallel.
 *
 * @since 0.1.0
 */
export * as RuntimeGroup from "./runtimes/RuntimeGroup.ts"

/**
 * HTTP through SSH: a client whose requests go out from a host, and a server that a host's port leads to.
 *
 * @since 0.1.0
 */
export * as RuntimeHttp from "./runtimes/RuntimeHttp.ts"

/**
 * Finds hosts in the user's ssh config.
 *
 * @since 0.1.0
 */
export * as RuntimeManager from "./runtimes/RuntimeManager.ts"

/**
 * The services of @effect/platform on a runtime.
 *
 * @since 0.1.0
 */
export * as RuntimePlatform from "./runtimes/RuntimePlatform.ts"

/**
 * A program on a host as whoever types it sees it: with an input, its output as it comes, byte for byte, and its exit code,
 * which is no error.
 *
 * @since 0.1.0
 */
export * as RuntimeProgram from "./runtimes/RuntimeProgram.ts"

/**
 * Ports and Unix sockets of a host as sockets of @effect/platform: what speaks over a `Socket` or serves a `SocketServer` works
 * through SSH.
 *
 * @since 0.1.0
 */
export * as RuntimeSocket from "./runtimes/RuntimeSocket.ts"

/**
 * What to do on a host, as data: a task prints, compares and serialises, and runs nothing by itself.
 *
 * @since 0.1.0
 */
export * as RuntimeTask from "./tasks/RuntimeTask.ts"

/**
 * The output of a long-running process in the execution log of the manager. It stands in files on the host and is followed by
 * offset: a link that is lost and comes back leaves no gap in the log and repeats nothing.
 *
 * @since 0.1.0
 */
export * as ServiceLog from "./services/ServiceLog.ts"

/**
 * Search spaces: what Hyperopt may try, with the type of a point. Every expression of `hp` has its constructor here.
 *
 * @since 0.1.0
 */
export * as Space from "./clusters/Space.ts"

/**
 * A search space as plain data: what travels to the driver, which builds Hyperopt's own expression of it.
 *
 * @since 0.1.0
 */
export * as SpaceExpression from "./clusters/SpaceExpression.ts"

/**
 * The one port to the network: connections to hosts, shared by everything that uses them.
 *
 * @since 0.1.0
 */
export * as Ssh from "./services/Ssh.ts"

/**
 * What the ssh config says of a host, as `ssh -G` would answer.
 *
 * @since 0.1.0
 */
export * as SshConfig from "./services/SshConfig.ts"

/**
 * Adds hosts to an ssh config and takes them out. What stands around an entry keeps its bytes: comments, order, indentation,
 * `Include` and `Match`.
 *
 * @since 0.1.0
 */
export * as SshConfigEdit from "./services/SshConfigEdit.ts"

/**
 * What can be done with one host. The live layer answers it with ssh2, the manager with its own processes and sockets,
 * `InMemorySsh` with a model: everything above sees this interface only.
 *
 * @since 0.1.0
 */
export * as SshConnection from "./services/SshConnection.ts"

/**
 * The errors of reaching a host.
 *
 * @since 0.1.0
 */
export * as SshError from "./services/SshError.ts"

/**
 * What each kind of step does.
 *
 * @since 0.1.0
 */
export * as StepRunner from "./tasks/StepRunner.ts"

/**
 * The error of running a task.
 *
 * @since 0.1.0
 */
export * as TaskError from "./tasks/TaskError.ts"

/**
 * What happens while a task runs.
 *
 * @since 0.1.0
 */
export * as TaskEvent from "./tasks/TaskEvent.ts"

/**
 * What tasks leave: their execution log and what their functions returned.
 *
 * @since 0.1.0
 */
export * as TaskResult from "./tasks/TaskResult.ts"

/**
 * Runs tasks: the one interpreter of their steps.
 *
 * @since 0.1.0
 */
export * as TaskRunner from "./tasks/TaskRunner.ts"

/**
 * The steps of a task: data that serialises.
 *
 * @since 0.1.0
 */
export * as TaskStep from "./tasks/TaskStep.ts"

/**
 * What a task needs of the place where it runs. A Runtime is one.
 *
 * @since 0.1.0
 */
export * as TaskTarget from "./tasks/TaskTarget.ts"

/**
 * A trial of a search: one point, and what the objective made of it.
 *
 * @since 0.1.0
 */
export * as Trial from "./clusters/Trial.ts"

/**
 * A port or Unix socket of one machine that leads to one of another, in either direction, over the connections that stand.
 *
 * @since 0.1.0
 */
export * as Tunnel from "./services/Tunnel.ts"

/**
 * Wheels from the manager for a host that makes an environment: whether, which, and on their way.
 *
 * @since 0.1.0
 */
export * as WheelDelivery from "./services/WheelDelivery.ts"

/**
 * Wheels for hosts without a package index: downloaded by the manager for the host's Python and platform, kept there by hash, and
 * sent once.
 *
 * @since 0.1.0
 */
export * as WheelStore from "./services/WheelStore.ts"
