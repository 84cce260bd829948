package dev.tanren.storage.admission;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// Remembers which folder a plan may read because it lies in it.
///
/// Whoever may write here admits a plan to its own folder: in the embedded stack, the user who the
/// workers run as. A plan is known by what it reads, which is each address of its model and its
/// datasets with the pattern below it. So the folder is open to plans that read the very same, and
/// to no other: another plan that names a file beside it is refused, whoever submits it.
///
/// One small file for each plan and folder; nobody who admits a plan takes another one's admission
/// away. Removing a file withdraws it.
public final class PlanFolders {

    private final Path records;

    /// @param records folder of the records, made when there is one; nobody else should be able to
    ///     write to it
    public PlanFolders(Path records) {
        this.records = records;
    }

    /// Lets a plan read below a folder.
    ///
    /// @throws IllegalArgumentException where the folder is not named from the root
    public void admit(Plan plan, Path folder) {
        if (!folder.isAbsolute()) {
            throw new IllegalArgumentException(folder + " is not named from the root");
        }
        String named = folder.normalize().toString();
        Path ofPlan = ofPlan(plan);
        Path next = ofPlan.resolve("." + UUID.randomUUID());
        try {
            Files.createDirectories(
                    ofPlan,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            Files.writeString(next, named);
            Files.move(
                    next,
                    ofPlan.resolve(Sha256.of(named)),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The folders that a plan was admitted to, in order.
    public List<Path> of(Plan plan) {
        List<Path> folders = new ArrayList<>();
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(ofPlan(plan), PlanFolders::isRecord)) {
            for (Path file : files) {
                folder(file).ifPresent(folders::add);
            }
        } catch (NoSuchFileException | NotDirectoryException none) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folders.stream().filter(Path::isAbsolute).sorted().toList();
    }

    /// Empty where the record was withdrawn after it was listed.
    private static Optional<Path> folder(Path record) throws IOException {
        try {
            return Optional.of(Path.of(Files.readString(record)));
        } catch (NoSuchFileException withdrawn) {
            return Optional.empty();
        }
    }

    private static boolean isRecord(Path file) {
        return !file.getFileName().toString().startsWith(".");
    }

    private Path ofPlan(Plan plan) {
        return records.resolve(Sha256.of(String.join("\n", reads(plan))));
    }

    /// A line for each address. No line end within one can make two plans look alike: it is
    /// escaped.
    private static List<String> reads(Plan plan) {
        Stream<String> model =
                switch (plan.model()) {
                    case ModelSource.Base base -> Stream.of(line("model", base.uri(), ""));
                    case ModelSource.Fresh fresh ->
                            Stream.ofNullable(fresh.tokenizer())
                                    .map(uri -> line("tokenizer", uri, ""));
                };
        Stream<String> data =
                plan.datasets().values().stream()
                        .map(Dataset::sources)
                        .flatMap(List::stream)
                        .map(
                                source ->
                                        line(
                                                "data",
                                                source.uri(),
                                                Objects.requireNonNullElse(source.include(), "")));
        return Stream.concat(model, data).sorted().distinct().toList();
    }

    private static String line(String kind, String uri, String include) {
        return Json.write(List.of(kind, uri, include));
    }
}
