package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.RankDevice;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Unpacks the native libraries of both runtimes once, before any process needs them: two processes
/// that unpack at once corrupt each other's.
public record NativesExtraction(TanrenHome home, Installation installation) {

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /// A file lock holds off other processes, this one other threads.
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    /// Does nothing when the libraries of the jars of today have been unpacked.
    public void run() throws IOException, InterruptedException {
        PrivateFiles.folder(home.natives());
        IN_THIS_PROCESS.lockInterruptibly();
        try (FileChannel channel =
                        FileChannel.open(
                                home.natives().resolve("lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (lock.isValid()) {
                unpack(
                        "trainer",
                        installation.trainerClassPath(),
                        trainer("dev.tanren.trainer.tools.NativesMain", 1, List.of()));
                unpack(
                        "inference",
                        installation.inferenceClassPath(),
                        inference("dev.tanren.inference.NativesMain", 1));
                // Last, because unpacking puts an archive of other jars away.
                if (device() == RankDevice.CPU) {
                    archiveTrainerClasses();
                }
            }
        } finally {
            IN_THIS_PROCESS.unlock();
        }
    }

    /// Command of a process of the trainer that finds its libraries unpacked.
    public RuntimeCommand trainer(String mainClass, int threads, List<String> arguments) {
        return RuntimeCommand.trainer(
                        installation.java(),
                        installation.trainerClassPath(),
                        home.natives(),
                        mainClass,
                        threads,
                        arguments)
                .on(device());
    }

    /// Of the stack's workers; other libraries are unpacked for each.
    private static RankDevice device() {
        return RankDevice.from(System.getenv());
    }

    private RuntimeCommand inference(String mainClass, int threads) {
        return RuntimeCommand.inference(
                installation.java(),
                installation.inferenceClassPath(),
                home.natives(),
                mainClass,
                threads,
                List.of());
    }

    private void unpack(String runtime, String classPath, RuntimeCommand command)
            throws IOException, InterruptedException {
        Path marker = home.natives().resolve(runtime + ".unpacked");
        String wanted = device().label() + "\n" + describe(classPath);
        if (Files.exists(marker) && Files.readString(marker).equals(wanted)) {
            return;
        }
        Files.deleteIfExists(marker);
        Files.deleteIfExists(home.natives().resolve(RuntimeCommand.TRAINER_ARCHIVE));
        Program.run(
                "natives of the " + runtime,
                new PartCommand(command.arguments(), command.environment(), home.natives(), ""),
                home.logs().resolve("natives-" + runtime + ".log"),
                PATIENCE);
        PrivateFiles.write(marker, wanted);
        removeOtherBuilds(
                home.natives(),
                Stream.of(installation.trainerClassPath(), installation.inferenceClassPath())
                        .flatMap(NativesExtraction::jarsOf)
                        .toList());
    }

    /// Lets ranks map their classes instead of loading them, which takes two of the eight seconds
    /// of processor time of their start.
    ///
    /// A process that nobody needs writes the archive at its end, because a JVM may crash in that
    /// (seen with JDK 25.0.3). Ranks start without one where that failed.
    private void archiveTrainerClasses() throws IOException, InterruptedException {
        Path archive = home.natives().resolve(RuntimeCommand.TRAINER_ARCHIVE);
        if (Files.exists(archive)) {
            return;
        }
        Path fresh = home.natives().resolve(RuntimeCommand.TRAINER_ARCHIVE + ".new");
        RuntimeCommand command =
                trainer(
                                "dev.tanren.trainer.bench.TrainBenchmarkMain",
                                1,
                                List.of(
                                        "--model",
                                        "tiny",
                                        "--warmup",
                                        "0",
                                        "--steps",
                                        "1",
                                        "--threads",
                                        "1"))
                        .archivingClasses(fresh);
        try {
            Program.run(
                    "class archive of the trainer",
                    new PartCommand(command.arguments(), command.environment(), home.natives(), ""),
                    home.logs().resolve("archive-trainer.log"),
                    PATIENCE);
            if (Files.exists(fresh)) {
                Files.move(fresh, archive, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (TanrenException nothingLost) {
            Files.deleteIfExists(fresh);
        }
    }

    /// Names, sizes and times of all jars of a class path.
    private static String describe(String classPath) throws IOException {
        List<String> described = new ArrayList<>();
        for (Path jar : jars(classPath)) {
            described.add(describe(jar));
        }
        described.sort(null);
        return String.join("\n", described);
    }

    private static Stream<Path> jarsOf(String classPath) {
        try {
            return jars(classPath).stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> jars(String classPath) throws IOException {
        List<Path> jars = new ArrayList<>();
        for (String entry : classPath.split(":", -1)) {
            if (entry.endsWith("/*")) {
                Path folder = Path.of(entry.substring(0, entry.length() - 2));
                try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.jar")) {
                    found.forEach(jars::add);
                }
            } else {
                jars.add(Path.of(entry));
            }
        }
        return jars;
    }

    /// JavaCPP unpacks each jar into a folder of its name. Those of other builds are in nobody's
    /// way but the disk's; a process that has one of their libraries mapped keeps it.
    static void removeOtherBuilds(Path natives, List<Path> jars) throws IOException {
        Set<String> wanted =
                jars.stream()
                        .map(jar -> String.valueOf(jar.getFileName()))
                        .collect(Collectors.toSet());
        try (DirectoryStream<Path> unpacked = Files.newDirectoryStream(natives, "*.jar")) {
            for (Path folder : unpacked) {
                if (Files.isDirectory(folder)
                        && !wanted.contains(String.valueOf(folder.getFileName()))) {
                    remove(folder);
                }
            }
        }
    }

    private static void remove(Path folder) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(folder)) {
            all = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }

    private static String describe(Path jar) throws IOException {
        return "%s %d %s".formatted(jar, Files.size(jar), Files.getLastModifiedTime(jar));
    }
}
