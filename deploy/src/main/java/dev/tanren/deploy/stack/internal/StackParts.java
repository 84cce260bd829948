package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.objects.ObjectServerMain;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.StackSettings;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.planner.Machine;
import dev.tanren.plan.units.ByteSize;
import dev.tanren.storage.objects.StoreAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/// The parts of the embedded stack, in the order in which they start.
final class StackParts {

    static final String BUCKET = "tanren";

    private static final String WORKER_SCRATCH = "TANREN_WORKER_SCRATCH";
    private static final String WORKER_CACHE = "TANREN_WORKER_CACHE";
    private static final String WORKER_MEMORY = "TANREN_WORKER_MEMORY";
    private static final String WORKER_GRACE = "TANREN_WORKER_GRACE_SECONDS";

    private static final String HOST = "127.0.0.1";

    /// The one name that Temporal's HTTP port, which cannot be switched off, answers to. No page in
    /// a browser can have it: names that end so are never resolved (RFC 6761). One alone, because
    /// Temporal takes only the first and the last of several at one of their ends.
    private static final String TEMPORAL_HTTP_NAME = "tanren.invalid";
    private static final Duration SHORT = Duration.ofSeconds(20);

    /// Time for the ranks of a worker to finish their step and save, with the usual grace.
    private static final Duration SAVING = Duration.ofSeconds(40);

    /// What a worker may take beyond a grace that it was given.
    private static final Duration BEYOND_GRACE = Duration.ofSeconds(25);

    private final StackSettings settings;
    private final Map<String, String> caller;
    private final TanrenHome home;
    private final Installation installation;
    private final Ports ports;
    private final String build;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    private StackParts(StackSettings settings, Map<String, String> caller) {
        this.settings = settings;
        this.caller = caller;
        this.home = settings.home();
        this.installation = settings.installation();
        this.ports = settings.ports();
        this.build = buildOf(installation.build());
    }

    /// @param caller the environment of whoever starts the stack, of which [HandedOn] goes on to
    ///     the parts
    static List<StackPart> of(StackSettings settings, Map<String, String> caller) {
        StackParts parts = new StackParts(settings, caller);
        List<StackPart> order =
                new ArrayList<>(
                        List.of(
                                parts.postgres(),
                                parts.objects(),
                                parts.temporal(),
                                parts.controlPlane()));
        for (int number = 1; number <= settings.workers(); number++) {
            order.add(parts.worker(number));
        }
        return order;
    }

    /// A build that is kept is told by its folder, which is on every class path; that of a checkout
    /// by its time.
    private static String buildOf(Path root) {
        try {
            return Files.getLastModifiedTime(root.resolve("target/.built")).toString();
        } catch (IOException unknown) {
            return "";
        }
    }

    private StackPart postgres() {
        PostgresInstallation postgres = PostgresInstallation.in(home.cache(), home.postgresData());
        String password = settings.secrets().superuserPassword();
        return new StackPart(
                "postgres",
                List.of(),
                postgres.server(ports.postgres()),
                ports.postgres(),
                new Probe.HandedOver(roles(), database("select true"), new AtomicBoolean()),
                () -> postgres.prepare(password, home.logs().resolve("postgres-initdb.log")),
                // The fast shutdown: SIGTERM would wait for every client to leave.
                Signals.INTERRUPT,
                SHORT);
    }

    private DatabaseRoles roles() {
        return new DatabaseRoles(
                databaseUrl(),
                settings.secrets().superuserPassword(),
                settings.secrets().databasePassword());
    }

    private Probe database(String question) {
        return new Probe.Database(
                databaseUrl(),
                DatabaseRoles.APPLICATION,
                settings.secrets().databasePassword(),
                question);
    }

    private String databaseUrl() {
        return "jdbc:postgresql://%s:%d/%s"
                .formatted(HOST, ports.postgres(), PostgresInstallation.DATABASE);
    }

    private StackPart objects() {
        Path configuration = home.folder().resolve("s3proxy.properties");
        List<String> arguments = java("objects", "-Xmx512m");
        arguments.addAll(List.of("-cp", installation.deployClassPath()));
        arguments.add(ObjectServerMain.class.getName());
        arguments.add(configuration.toString());
        return new StackPart(
                "objects",
                List.of(),
                new PartCommand(
                        arguments,
                        Map.of(),
                        home.folder(),
                        build + objectConfiguration().hashCode()),
                ports.objects(),
                new Probe.Http(client, http(ports.objects(), "/"), 500),
                () -> {
                    PrivateFiles.folder(home.objects().resolve(BUCKET));
                    PrivateFiles.write(configuration, objectConfiguration());
                },
                Signals.TERMINATE,
                SHORT);
    }

    private String objectConfiguration() {
        return """
        %s=%s
        %s=%d
        %s=%s
        %s=%s
        """
                .formatted(
                        ObjectServerMain.FOLDER,
                        home.objects(),
                        ObjectServerMain.PORT,
                        ports.objects(),
                        ObjectServerMain.ACCESS_KEY,
                        settings.secrets().accessKey(),
                        ObjectServerMain.SECRET_KEY,
                        settings.secrets().secretKey());
    }

    private StackPart temporal() {
        List<String> arguments =
                List.of(
                        installation.temporal().toString(),
                        "server",
                        "start-dev",
                        "--headless",
                        "--ip",
                        HOST,
                        "--port",
                        Integer.toString(ports.temporal()),
                        "--http-port",
                        Integer.toString(ports.temporalHttp()),
                        "--dynamic-config-value",
                        "frontend.httpAllowedHosts=[\"" + TEMPORAL_HTTP_NAME + "\"]",
                        "--db-filename",
                        home.temporalDatabase().toString(),
                        // One sync of the disk per commit instead of several, with the same
                        // durability: on a busy disk the default held every commit up for seconds.
                        "--sqlite-pragma",
                        "journal_mode=wal",
                        "--sqlite-pragma",
                        "synchronous=full",
                        "--search-attribute",
                        "TanrenRunStatus=Keyword",
                        "--search-attribute",
                        "TanrenStage=Keyword",
                        "--log-level",
                        "warn");
        return new StackPart(
                "temporal",
                List.of(),
                new PartCommand(arguments, Map.of(), home.folder(), ""),
                ports.temporal(),
                new Probe.NamedHttp(
                        ports.temporalHttp(), TEMPORAL_HTTP_NAME, "/api/v1/namespaces/default"),
                StackPart.Preparation.NONE,
                Signals.TERMINATE,
                SHORT);
    }

    private StackPart controlPlane() {
        List<String> arguments = java("control-plane", "-Xmx512m");
        arguments.addAll(List.of("-jar", installation.controlPlaneJar().toString()));
        Map<String, String> environment = new HashMap<>();
        Path examples = installation.root().resolve("docs/examples");
        // What the examples name lies in the checkout, which workers may not be let to read.
        if (settings.fileRoots().stream().anyMatch(examples::startsWith)) {
            environment.put("TANREN_API_EXAMPLES", examples.toString());
        }
        environment.putAll(HandedOn.toTheControlPlane(caller));
        environment.putAll(commonEnvironment());
        environment.put("TANREN_HTTP_HOST", HOST);
        environment.put("TANREN_HTTP_PORT", Integer.toString(ports.console()));
        environment.put("TANREN_ADMIN_TOKEN", settings.secrets().adminToken());
        return new StackPart(
                "control-plane",
                List.of("postgres", "objects", "temporal"),
                new PartCommand(arguments, environment, home.folder(), build),
                ports.console(),
                new Probe.Http(client, http(ports.console(), "/q/health/ready"), 300),
                StackPart.Preparation.NONE,
                Signals.TERMINATE,
                SHORT);
    }

    private StackPart worker(int number) {
        String name = settings.workers() == 1 ? "worker" : "worker-" + number;
        List<String> arguments = java(name, "-Xmx1g");
        arguments.addAll(List.of("-cp", installation.workerClassPath()));
        arguments.add("dev.tanren.activities.worker.WorkerMain");
        Map<String, String> environment = new HashMap<>();
        environment.put(WORKER_SCRATCH, home.scratch(name).toString());
        environment.put(WORKER_CACHE, home.objectCache().toString());
        environment.putAll(HandedOn.toWorkers(caller));
        environment.put(WORKER_MEMORY, workerMemory());
        environment.putAll(commonEnvironment());
        environment.put("TANREN_JAVA", installation.java().toString());
        environment.put("TANREN_TRAINER_CLASSPATH", installation.trainerClassPath());
        environment.put("TANREN_INFERENCE_CLASSPATH", installation.inferenceClassPath());
        environment.put("TANREN_NATIVES", home.natives().toString());
        environment.put(
                "TANREN_FILE_ROOTS",
                settings.fileRoots().stream().map(Path::toString).collect(Collectors.joining(":")));
        environment.put(StoreAddress.RUN_KEYS_VARIABLE, "derived");
        environment.put("TANREN_CLOSED_FOLDER", home.folder().toString());
        environment.put("TANREN_PLAN_FOLDERS", home.planFolders().toString());
        return new StackPart(
                name,
                List.of("control-plane"),
                new PartCommand(arguments, environment, home.folder(), build),
                null,
                database(
                        "select exists (select from workers where pid = :pid"
                                + " and seen_at > now() - interval '30 seconds')"),
                () -> {
                    PrivateFiles.folder(Path.of(environment.getOrDefault(WORKER_SCRATCH, "")));
                    PrivateFiles.folder(Path.of(environment.getOrDefault(WORKER_CACHE, "")));
                    PrivateFiles.folder(home.data());
                    new NativesExtraction(home, installation).run();
                },
                Signals.TERMINATE,
                saving());
    }

    /// An equal part of what who starts the stack says, or of what the stack leaves. A text that
    /// is no size is handed on as it is: the worker refuses it.
    private String workerMemory() {
        String told = caller.getOrDefault(WORKER_MEMORY, "");
        long machine = Machine.here().memoryBytes();
        if (told.isBlank()) {
            return machine > 0
                    ? Long.toString(StackMemory.ofWorker(machine, settings.workers()))
                    : "";
        }
        try {
            return Long.toString(ByteSize.parse(told).bytes() / settings.workers());
        } catch (IllegalArgumentException noSize) {
            return told;
        }
    }

    /// So long that a worker which uses all of its grace is not killed.
    private Duration saving() {
        try {
            int grace = Integer.parseInt(caller.getOrDefault(WORKER_GRACE, "0"));
            Duration needed = BEYOND_GRACE.plusSeconds(grace);
            return needed.compareTo(SAVING) > 0 ? needed : SAVING;
        } catch (NumberFormatException noNumber) {
            return SAVING;
        }
    }

    private Map<String, String> commonEnvironment() {
        return Map.ofEntries(
                Map.entry("TANREN_DATABASE_URL", databaseUrl()),
                Map.entry("TANREN_DATABASE_USER", DatabaseRoles.APPLICATION),
                Map.entry("TANREN_DATABASE_PASSWORD", settings.secrets().databasePassword()),
                Map.entry("TANREN_S3_ENDPOINT", "http://" + HOST + ":" + ports.objects()),
                Map.entry("TANREN_S3_REGION", "us-east-1"),
                Map.entry("TANREN_S3_BUCKET", BUCKET),
                Map.entry("TANREN_S3_PREFIX", ""),
                Map.entry("TANREN_S3_PATH_STYLE", "true"),
                Map.entry(StoreAddress.ACCESS_KEY_VARIABLE, settings.secrets().accessKey()),
                Map.entry(StoreAddress.SECRET_KEY_VARIABLE, settings.secrets().secretKey()),
                Map.entry("TANREN_TEMPORAL_ADDRESS", HOST + ":" + ports.temporal()),
                Map.entry("TANREN_TEMPORAL_NAMESPACE", "default"),
                Map.entry("TANREN_TEMPORAL_KEYS", settings.secrets().payloadKeys()));
    }

    /// The beginning of a JVM's command line. At its first orderly end the JVM leaves an archive of
    /// its classes and later ones start faster with it; one that does not fit the class path or the
    /// JDK is passed over and written anew. It writes the header last, so that a part which is
    /// killed on the way leaves a file that is no archive.
    private List<String> java(String part, String heap) {
        List<String> arguments = new ArrayList<>();
        arguments.add(installation.java().toString());
        arguments.add("--enable-native-access=ALL-UNNAMED");
        arguments.add("--sun-misc-unsafe-memory-access=allow");
        arguments.add(heap);
        arguments.add("-XX:+UseSerialGC");
        arguments.add("-XX:+AutoCreateSharedArchive");
        arguments.add("-XX:SharedArchiveFile=" + home.classArchive(part));
        // What an archive leaves out is no concern of the part's log.
        arguments.add("-Xlog:cds*=off,aot*=off");
        return arguments;
    }

    private static URI http(int port, String path) {
        return URI.create("http://" + HOST + ":" + port + path);
    }
}
