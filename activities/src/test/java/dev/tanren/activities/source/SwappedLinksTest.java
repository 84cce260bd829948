package dev.tanren.activities.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.source.internal.LocalSearch;
import dev.tanren.plan.Glob;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Between the look at a path and its opening, a link takes the place of a file or folder.
class SwappedLinksTest {

    @TempDir private Path folder;
    private Path root = Path.of("");
    private Path secrets = Path.of("");
    private Sources sources = new Sources(new FileRoots(List.of()), noBuckets());

    @BeforeEach
    void aRootAndSecretsBesideIt() throws IOException {
        folder = folder.toRealPath();
        root = Files.createDirectories(folder.resolve("root"));
        secrets = Files.createDirectories(folder.resolve("secrets"));
        Files.createDirectories(root.resolve("a/b"));
        Files.writeString(root.resolve("a/b/text.txt"), "text");
        Files.createDirectories(secrets.resolve("b"));
        Files.writeString(secrets.resolve("b/text.txt"), "secret");
        sources = new Sources(new FileRoots(List.of(root)), noBuckets());
    }

    @Test
    void aFileThatBecameALinkIsNotRead() throws IOException {
        SourceContent file = only(sources.files("file:" + root, "**/*.txt"));
        assertThat(text(file)).isEqualTo("text");

        replace(root.resolve("a/b/text.txt"), secrets.resolve("b/text.txt"));

        assertRefused(file);
    }

    @Test
    void aFileBelowAFolderThatBecameALinkIsNotRead() throws IOException {
        SourceContent file = sources.file("file:" + root.resolve("a/b"), "text.txt");

        replace(root.resolve("a/b"), secrets.resolve("b"));

        assertThat(Files.readString(root.resolve("a/b/text.txt"))).isEqualTo("secret");
        assertRefused(file);
        replace(root.resolve("a"), secrets);
        assertThat(Files.readString(root.resolve("a/b/text.txt"))).isEqualTo("secret");
        assertRefused(file);
    }

    @Test
    void aFolderThatBecameALinkIsNotListed() throws IOException {
        PermittedPath place = new FileRoots(List.of(root)).resolve("file:" + root.resolve("a"));
        SourceFolder names = sources.folder("file:" + root.resolve("a/b"));
        assertThat(names.names()).containsExactly("text.txt");
        Files.writeString(secrets.resolve("b/other.txt"), "");

        replace(root.resolve("a"), secrets);

        assertThatThrownBy(() -> LocalSearch.below(place, new Glob("**/*"), "there"))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE))
                .hasMessageContaining("became a link");
        assertThat(names.names()).isEmpty();
    }

    @Test
    void linksThatStayWithinTheRootAreReadAndThoseToFoldersPassedOver() throws IOException {
        Files.writeString(root.resolve("real.txt"), "real");
        Files.createSymbolicLink(root.resolve("a/link.txt"), Path.of("../real.txt"));
        Files.createSymbolicLink(root.resolve("loop"), root);

        assertThat(sources.files("file:" + root, "a/*.txt"))
                .singleElement()
                .satisfies(file -> assertThat(text(file)).isEqualTo("real"));
        assertThat(sources.files("file:" + root, null)).hasSize(3);
        Files.createSymbolicLink(root.resolve("out.txt"), secrets.resolve("b/text.txt"));
        assertThatThrownBy(() -> sources.files("file:" + root, null))
                .hasMessageContaining("lies outside");
    }

    @Test
    void anInterruptedThreadReadsTheWholeFileAndStaysInterrupted() throws IOException {
        byte[] bytes = "tanren".repeat(1000).getBytes(StandardCharsets.UTF_8);
        Files.write(root.resolve("long.txt"), bytes);
        SourceContent file = sources.file("file:" + root, "long.txt");

        Thread.currentThread().interrupt();
        byte[] read;
        try (InputStream in = file.open()) {
            read = in.readAllBytes();
        }

        assertThat(Thread.interrupted()).isTrue();
        assertThat(read).isEqualTo(bytes);
    }

    private static SourceBuckets noBuckets() {
        return new SourceBuckets(
                List.of(),
                bucket -> {
                    throw new IllegalStateException("nobody asks for bucket " + bucket);
                });
    }

    private static SourceContent only(List<SourceContent> files) {
        assertThat(files).hasSize(1);
        return files.getFirst();
    }

    private static String text(SourceContent file) {
        return new String(file.read(1 << 20), StandardCharsets.UTF_8);
    }

    private static void assertRefused(SourceContent file) {
        assertThatThrownBy(file::open)
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("became a link");
        assertThatThrownBy(() -> file.sha256((what, done) -> {}))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE));
        assertThatThrownBy(file::modified).isInstanceOf(TanrenException.class);
    }

    /// What stood there goes on standing beside it.
    private static void replace(Path path, Path target) throws IOException {
        Files.move(path, path.resolveSibling(path.getFileName() + "-moved"));
        Files.createSymbolicLink(path, target);
    }
}
