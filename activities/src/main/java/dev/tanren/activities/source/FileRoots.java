package dev.tanren.activities.source;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.admission.PlanFolders;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The folders of this machine that plans may read by `file:` URIs. Without any, all are refused.
/// Whoever starts the worker names those that every plan may read; a plan may besides read below
/// its own folder where the worker's user admitted it ([PlanFolders]).
///
/// Paths are compared after every symbolic link in them is resolved, so a link leads nowhere that
/// its target may not be read from. Below a root nothing is read whose name, or a folder's on the
/// way, begins with a dot: keys and settings lie there. A root may itself lie below such a folder.
/// Of the folder that is closed, which keeps the stack's secrets, nothing is read but what a root
/// inside it names, and no plan's own folder is a root inside it.
public final class FileRoots {

    public static final String VARIABLE = "TANREN_FILE_ROOTS";

    /// Names the folder that is closed.
    public static final String CLOSED_VARIABLE = "TANREN_CLOSED_FOLDER";

    /// Names the folder of the records of [PlanFolders].
    public static final String PLANS_VARIABLE = "TANREN_PLAN_FOLDERS";

    private static final String SCHEME = "file:";

    private static final String OF_THE_STACK =
            "the embedded stack: ./tanren up --files FOLDER, or submit with ./tanren run submit a"
                    + " plan that lies in the folder or in one above it.";

    private final List<Path> roots;
    private final @Nullable Path closed;
    private final @Nullable PlanFolders plans;

    public FileRoots(List<Path> roots) {
        this(roots, null);
    }

    /// @param closed nothing below it is read but what a root inside it names; null for none
    public FileRoots(List<Path> roots, @Nullable Path closed) {
        this(roots, closed, null);
    }

    /// @param plans the folders that plans were admitted to; null where none is
    public FileRoots(List<Path> roots, @Nullable Path closed, @Nullable PlanFolders plans) {
        this.roots = roots.stream().map(FileRoots::real).toList();
        this.closed = closed == null ? null : real(closed);
        this.plans = plans;
    }

    /// @param variable value of `TANREN_FILE_ROOTS`: folders separated by colons; null for none
    /// @param closed value of `TANREN_CLOSED_FOLDER`; null for none
    /// @param plans value of `TANREN_PLAN_FOLDERS`; null for none
    public static FileRoots parse(
            @Nullable String variable, @Nullable String closed, @Nullable String plans) {
        String named = variable == null ? "" : variable;
        return new FileRoots(
                Stream.of(named.split(Pattern.quote(File.pathSeparator), -1))
                        .filter(root -> !root.isBlank())
                        .map(Path::of)
                        .toList(),
                closed == null || closed.isBlank() ? null : Path.of(closed),
                plans == null || plans.isBlank() ? null : new PlanFolders(Path.of(plans)));
    }

    /// Those of one plan: the folders that it was admitted to are among them.
    public FileRoots of(Plan plan) {
        if (plans == null) {
            return this;
        }
        Stream<Path> own =
                plans.of(plan).stream()
                        .map(FileRoots::real)
                        .filter(folder -> closed == null || !folder.startsWith(closed));
        return new FileRoots(Stream.concat(roots.stream(), own).distinct().toList(), closed, plans);
    }

    /// The folders, as they were resolved.
    public List<Path> roots() {
        return roots;
    }

    /// What a `file:` URI names, by its real path.
    ///
    /// @throws TanrenException `SOURCE_MISSING` where nothing is there; `SOURCE_UNREADABLE` for
    ///     other schemes, paths with `..`, and paths outside the roots
    public PermittedPath resolve(String uri) {
        if (!uri.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
            throw unreadable(
                    "this worker reads file: and s3: sources alone",
                    uri,
                    "Copy the source to a folder of the worker or to a bucket, and name it there.");
        }
        String text = uri.substring(SCHEME.length());
        if (text.startsWith("//")) {
            text = text.substring(2);
            if (!text.startsWith("/")) {
                throw unreadable(
                        "a file: URI names a host",
                        uri,
                        "Write file:/absolute/path or file:///absolute/path.");
            }
        }
        Path path;
        try {
            path = Path.of(text);
        } catch (InvalidPathException e) {
            throw unreadable("it is no path: " + e.getReason(), uri, "Mend the URI.");
        }
        for (Path part : path) {
            if (part.toString().equals("..")) {
                throw unreadable(
                        "paths with '..' are refused", uri, "Write the path without '..'.");
            }
        }
        return permitted(path, uri);
    }

    /// A file met below a source, by its real path.
    ///
    /// @param where what errors call it
    public PermittedPath permitted(Path path, String where) {
        if (roots.isEmpty()) {
            throw unreadable(
                    "this worker may read no folder",
                    where,
                    "Start the worker with "
                            + VARIABLE
                            + " naming the folder or one above it; "
                            + OF_THE_STACK);
        }
        Path absolute = path.toAbsolutePath().normalize();
        if (!Files.exists(absolute)) {
            // Says no more of paths outside the roots than that they are outside.
            if (roots.stream().anyMatch(absolute::startsWith)) {
                throw new TanrenException(
                        ErrorCode.SOURCE_MISSING,
                        "nothing is at " + absolute + " on the worker",
                        where,
                        "Mend the path, or copy the files to the worker.");
            }
            throw outside(absolute, where);
        }
        Path real = real(absolute);
        List<Path> above = roots.stream().filter(real::startsWith).toList();
        if (above.isEmpty()) {
            throw outside(absolute, where);
        }
        List<Path> open = above.stream().filter(root -> opens(root, real)).toList();
        if (open.isEmpty()) {
            throw unreadable(
                    absolute + " lies in the folder that keeps the stack's own state and secrets",
                    where,
                    "Copy what is to be read to another folder.");
        }
        Path root =
                open.stream()
                        .filter(candidate -> !hidden(candidate.relativize(real)))
                        .findFirst()
                        .orElse(null);
        if (root == null) {
            throw unreadable(
                    absolute + " is hidden below a folder that this worker may read",
                    where,
                    "Move the files out of folders whose names begin with a dot, or name such a"
                            + " folder itself in "
                            + VARIABLE
                            + ".");
        }
        return new PermittedPath(root, real);
    }

    /// Whether a root above a path opens it where it lies in the folder that is closed.
    private boolean opens(Path root, Path real) {
        return closed == null
                || !real.startsWith(closed)
                || (root.startsWith(closed) && !root.equals(closed));
    }

    private static boolean hidden(Path below) {
        for (Path part : below) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private TanrenException outside(Path path, String where) {
        return unreadable(
                path + " lies outside the folders that this worker may read: " + roots,
                where,
                "Move the files there, or start the worker with a "
                        + VARIABLE
                        + " that has it; "
                        + OF_THE_STACK);
    }

    private static TanrenException unreadable(String what, String where, String mend) {
        return new TanrenException(ErrorCode.SOURCE_UNREADABLE, what, where, mend);
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            // A root that does not exist yet permits what is put there later.
            return path.toAbsolutePath().normalize();
        }
    }
}
