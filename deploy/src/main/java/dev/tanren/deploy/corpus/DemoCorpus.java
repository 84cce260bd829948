package dev.tanren.deploy.corpus;

import dev.tanren.deploy.corpus.internal.JavaSource;
import dev.tanren.deploy.corpus.internal.MavenFetch;
import dev.tanren.deploy.corpus.internal.ProseDocuments;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Java code and English prose to train on, made from [SourceArtifact#ALL] and kept below
/// `$TANREN_HOME/corpus`.
///
/// It is made once: a folder that is in place is whole. Code files have neither licence headers nor
/// documentation comments; the prose is what those comments say.
///
/// @param code folder of `.java` files
/// @param prose JSON lines with a field `text`
/// @param tokenizer a `tokenizer.json` of 4,096 tokens that was trained on this corpus
public record DemoCorpus(Path code, Path prose, Path tokenizer) {

    /// Environment variable with the path of Maven's executable.
    public static final String MAVEN_VARIABLE = "TANREN_MAVEN";

    /// Raised whenever the same archives would give other files.
    private static final String VERSION = "1";

    private static final String TOKENIZER_RESOURCE = "/corpus/tokenizer.json";

    /// Makes the corpus, or finds it.
    ///
    /// @param home `$TANREN_HOME`
    /// @param maven its executable; used only where an archive is not here yet
    /// @param say is told what happens, for people
    /// @throws TanrenException `TOOL_MISSING`, `SOURCE_MISSING`, `SOURCE_UNREADABLE`,
    ///     `SCRATCH_FULL`
    public static DemoCorpus prepare(Path home, Path maven, Consumer<String> say) {
        Path root = home.resolve("corpus");
        Path folder = root.resolve("commons-" + VERSION);
        DemoCorpus corpus =
                new DemoCorpus(
                        folder.resolve("code"),
                        folder.resolve("prose.jsonl"),
                        folder.resolve("tokenizer.json"));
        if (Files.isDirectory(folder)) {
            return corpus;
        }
        try {
            Files.createDirectories(root);
            Path work = Files.createTempDirectory(root, "making-");
            try {
                make(new MavenFetch(maven, root.resolve("archives")), work, say);
                move(work, folder);
            } finally {
                remove(work);
            }
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "the corpus cannot be written: " + e,
                    root.toString(),
                    "Free about 100 MB there, or set TANREN_HOME to another folder.",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "making the corpus was interrupted",
                    root.toString(),
                    "Start again; what was fetched is kept.",
                    e);
        }
        return corpus;
    }

    private static void make(MavenFetch fetch, Path work, Consumer<String> say)
            throws IOException, InterruptedException {
        List<Path> archives = new ArrayList<>();
        for (SourceArtifact artifact : SourceArtifact.ALL) {
            say.accept("corpus: " + artifact.coordinates());
            archives.add(fetch.fetch(artifact));
        }
        extract(archives, work);
        try (InputStream tokenizer = DemoCorpus.class.getResourceAsStream(TOKENIZER_RESOURCE)) {
            if (tokenizer == null) {
                throw new IllegalStateException("the build left out " + TOKENIZER_RESOURCE);
            }
            Files.copy(tokenizer, work.resolve("tokenizer.json"));
        }
    }

    /// Writes `code/**` and `prose.jsonl` from sources archives.
    static void extract(List<Path> archives, Path target) throws IOException {
        ProseDocuments documents = new ProseDocuments();
        Path code = Files.createDirectories(target.resolve("code"));
        try (Writer prose =
                Files.newBufferedWriter(target.resolve("prose.jsonl"), StandardCharsets.UTF_8)) {
            for (Path archive : archives) {
                try (ZipFile zip = new ZipFile(archive.toFile())) {
                    List<? extends ZipEntry> entries =
                            zip.stream()
                                    .filter(entry -> entry.getName().endsWith(".java"))
                                    .sorted(Comparator.comparing(ZipEntry::getName))
                                    .toList();
                    for (ZipEntry entry : entries) {
                        extract(zip, entry, code, documents, prose);
                    }
                }
            }
        }
    }

    private static void extract(
            ZipFile zip, ZipEntry entry, Path code, ProseDocuments documents, Writer prose)
            throws IOException {
        Path file = code.resolve(entry.getName()).normalize();
        if (!file.startsWith(code)) {
            throw new IOException("the archive names a file outside itself: " + entry.getName());
        }
        String text;
        try (InputStream in = zip.getInputStream(entry)) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        JavaSource source = JavaSource.of(text);
        for (String document : documents.of(source.comments())) {
            prose.write(Json.write(Map.of("text", document)));
            prose.write('\n');
        }
        String name = entry.getName();
        // These are documentation alone.
        if (!name.endsWith("package-info.java") && !name.endsWith("module-info.java")) {
            Files.createDirectories(file.resolveSibling("."));
            Files.writeString(file, source.code());
        }
    }

    /// Another process may have been faster; its folder is as good.
    private static void move(Path work, Path folder) throws IOException {
        try {
            Files.move(work, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (DirectoryNotEmptyException | FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> left;
        try (var files = Files.walk(folder)) {
            left = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : left) {
            Files.deleteIfExists(file);
        }
    }
}
