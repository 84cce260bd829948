package dev.tanren.deploy.chaos;

import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.RunView;
import dev.tanren.deploy.client.Server;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.units.ByteSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.stream.Stream;

/// A stack of its own with a home of its own, thrown away at the end: nothing of the user's stack
/// is touched.
public final class Laboratory implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofMinutes(6);
    private static final long POLL_MILLIS = 100;

    private final TanrenHome home;
    private final StackControl control;
    private final Server server;
    private final ApiClient api;
    private final Path tokens;
    private Random random = new Random();
    private final Consumer<String> say;
    private final Map<String, String> undisturbed = new HashMap<>();
    private final List<ExtraWorker> extra = new CopyOnWriteArrayList<>();
    private final List<SmallDisk> disks;

    private Laboratory(
            TanrenHome home, StackControl control, List<SmallDisk> disks, Consumer<String> say) {
        this.home = home;
        this.control = control;
        this.disks = disks;
        this.say = say;
        this.tokens = ChaosPlan.writeTokens(home.data());
        this.server = Server.ofStack(Map.of(TanrenHome.VARIABLE, home.folder().toString()));
        this.api = new ApiClient(server);
    }

    /// Starts the stack.
    ///
    /// @param progress is told of every change of the stack until it is ready
    /// @param say shows a line that stays
    public static Laboratory open(
            Installation installation,
            Equipment equipment,
            Consumer<StackStatus> progress,
            Consumer<String> say) {
        try {
            // Sockets lie below it, whose paths must be short.
            TanrenHome home = new TanrenHome(Files.createTempDirectory("tnr"));
            StackControl control = new StackControl(home, equipment.environment());
            List<SmallDisk> disks = new CopyOnWriteArrayList<>();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(control, disks, home)));
            control.up(
                    installation, freePort(), equipment.workers(), List.of(home.data()), progress);
            return new Laboratory(home, control, disks, say);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Begins an experiment: what is left to chance follows its seed, whatever was before it.
    void begin(long seed) {
        random = new Random(seed);
    }

    /// Of all choices that are made by chance.
    Random random() {
        return random;
    }

    ApiClient api() {
        return api;
    }

    /// Where the API is, with a token that may do everything.
    Server server() {
        return server;
    }

    TanrenHome home() {
        return home;
    }

    StackControl control() {
        return control;
    }

    /// Where the parts of the stack listen.
    Ports ports() {
        return control.running().map(StackStatus::ports).orElseThrow();
    }

    void say(String line) {
        say.accept("  " + line);
    }

    String submit(String name, int steps) {
        return submitText(plan(name, steps));
    }

    /// @return the run's id
    String submitText(String plan) {
        return api.send("/runs", plan, "application/yaml", Map.of()).path("id").asText();
    }

    /// A short plan that reads its tokens from elsewhere.
    String planFrom(String name, String uri) {
        return plan(name, 2).replace("file:" + tokens, uri);
    }

    /// A short plan that goes on with a model.
    ///
    /// @param folder of a model in the form of Hugging Face
    String planOver(String name, Path folder) {
        return plan(name, 2)
                .replaceFirst(
                        "architecture:\\s+\\{[^}]*}",
                        Matcher.quoteReplacement("base: \"file:" + folder + "\""))
                .replace("type: pretrain", "type: cpt");
    }

    /// Cancels a run and waits until it is over.
    void cancel(String id) throws InterruptedException {
        api.post("/runs/" + id + "/cancel", null, Map.of());
        awaitEnd(id);
    }

    String plan(String name, int steps) {
        return new ChaosPlan(tokens, steps).render(name);
    }

    /// A run of the usual plan that nothing happened to; made once for each length.
    String undisturbed(int steps) throws InterruptedException {
        return undisturbed(steps, UnaryOperator.identity());
    }

    /// A run of a plan that nothing happened to; made once for each.
    ///
    /// @param change of the usual plan
    String undisturbed(int steps, UnaryOperator<String> change) throws InterruptedException {
        String plan = change.apply(plan("undisturbed-" + steps, steps));
        String known = undisturbed.get(plan);
        if (known != null) {
            return known;
        }
        say("the same plan, undisturbed");
        String id = submitText(plan);
        RunView ended = awaitEnd(id);
        if (!ended.status().equals("succeeded")) {
            throw broken("The undisturbed run ended as " + ended.status() + ".", id);
        }
        undisturbed.put(plan, id);
        return id;
    }

    /// Pauses a run and waits until it is.
    void pause(String id) throws InterruptedException {
        api.post("/runs/" + id + "/pause", null, Map.of());
        await(
                "the pause of " + id,
                LIMIT,
                () -> Optional.of(run(id)).filter(now -> now.status().equals("paused")));
    }

    void resume(String id) {
        api.post("/runs/" + id + "/resume", null, Map.of());
    }

    /// As a person does it when what a run failed for is mended.
    void retry(String id) {
        api.post("/runs/" + id + "/retry", null, Map.of());
    }

    RunView run(String id) {
        return new RunView(api.get("/runs/" + id));
    }

    /// However long it takes, as long as it makes steps: on a busy machine it is slow.
    RunView awaitEnd(String id) throws InterruptedException {
        RunView last = await("an answer about " + id, LIMIT, () -> Optional.of(run(id)));
        while (!last.finished()) {
            long step = last.step();
            last =
                    await(
                            "the end of " + id + ", or a step after " + step,
                            LIMIT,
                            () ->
                                    Optional.of(run(id))
                                            .filter(now -> now.finished() || now.step() > step));
        }
        return last;
    }

    /// Waits until a run has finished a step.
    ///
    /// @throws TanrenException where it ends before
    RunView awaitStep(String id, long step) throws InterruptedException {
        RunView view =
                await(
                        "step " + step + " of " + id,
                        LIMIT,
                        () ->
                                Optional.of(run(id))
                                        .filter(now -> now.step() >= step || now.finished()));
        if (view.finished()) {
            throw broken("The run ended as " + view.status() + " before step " + step + ".", id);
        }
        return view;
    }

    /// @param look empty while it has not come about; what the stack cannot answer has not either
    <T> T await(String what, Duration limit, Supplier<Optional<T>> look)
            throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<T> found = look(look);
            if (found.isPresent()) {
                return found.get();
            }
            if (System.nanoTime() > end) {
                throw broken(
                        "Within " + limit.toSeconds() + " s did not come about: " + what, what);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static <T> Optional<T> look(Supplier<Optional<T>> look) {
        try {
            return look.get();
        } catch (TanrenException away) {
            return Optional.empty();
        }
    }

    boolean comesAbout(Duration limit, Supplier<Boolean> condition) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (!look(() -> Optional.of(condition.get())).orElse(false)) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }

    /// Ranks at work, of whichever worker; waits until there are some.
    List<Long> awaitRanks() throws InterruptedException {
        return await(
                "ranks at work", LIMIT, () -> Optional.of(ranks()).filter(it -> !it.isEmpty()));
    }

    /// Counts a worker among those whose ranks are looked for.
    void joins(ExtraWorker worker) {
        extra.add(worker);
    }

    void leaves(ExtraWorker worker) {
        extra.remove(worker);
    }

    private List<Long> workers() {
        return Stream.concat(
                        StackProcesses.workers(control).stream(),
                        extra.stream().map(ExtraWorker::pid))
                .toList();
    }

    /// A worker of the stack's own.
    long awaitWorker() throws InterruptedException {
        return await("a worker", LIMIT, () -> StackProcesses.workers(control).stream().findFirst());
    }

    /// In the order in which they were started, which is that of their numbers.
    List<Long> ranks() {
        return workers().stream()
                .flatMap(worker -> StackProcesses.ranksOf(worker).stream())
                .sorted()
                .toList();
    }

    /// The worker whose ranks are at work.
    long awaitBusyWorker() throws InterruptedException {
        return await(
                "a worker with ranks",
                LIMIT,
                () ->
                        workers().stream()
                                .filter(worker -> !StackProcesses.ranksOf(worker).isEmpty())
                                .findFirst());
    }

    long part(String name) throws InterruptedException {
        return await(
                "process of " + name,
                LIMIT,
                () -> {
                    var found = StackProcesses.of(control, name);
                    return found.isPresent() ? Optional.of(found.getAsLong()) : Optional.empty();
                });
    }

    /// Sends a signal to one process.
    ///
    /// @param name without `SIG`
    void signal(String name, long process) throws InterruptedException {
        try {
            new ProcessBuilder("kill", "-" + name, Long.toString(process)).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Puts a small disk in the place of a folder of the stack, in which nothing is being written,
    /// with what is in it, until the laboratory closes.
    ///
    /// @throws NotPossibleHere where this user may not
    SmallDisk smallDisk(Path folder, ByteSize size) {
        SmallDisk disk = SmallDisk.inPlaceOf(folder, size);
        disks.add(disk);
        return disk;
    }

    /// Whether something was put in the place of a part of the stack.
    boolean isAltered() {
        return !disks.isEmpty();
    }

    static TanrenException broken(String what, String where) {
        return new TanrenException(
                ErrorCode.STACK_PART_FAILED,
                what,
                where,
                "Run the experiment again with the seed that it printed.");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Override
    public void close() {
        end(control, disks, home);
    }

    /// At the end of the process, however it comes; nothing the second time.
    private static synchronized void end(
            StackControl control, List<SmallDisk> disks, TanrenHome home) {
        if (!Files.exists(home.folder())) {
            return;
        }
        try {
            control.down(status -> {});
        } finally {
            disks.forEach(SmallDisk::close);
        }
        try (var paths = Files.walk(home.folder())) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
