package dev.tanren.activities.source;

import dev.tanren.activities.hub.Hub;
import dev.tanren.activities.source.SourceContent.LocalFile;
import dev.tanren.activities.source.SourceContent.StoredFile;
import dev.tanren.activities.source.internal.BucketUri;
import dev.tanren.activities.source.internal.LocalSearch;
import dev.tanren.plan.Glob;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HubReference;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// Finds what the `file:`, `s3:` and `hf:` URIs of a plan name, as far as this worker may read it.
/// A folder alone can be of the Hub.
///
/// In a bucket, the objects whose keys begin with the URI's and a `/` are the files of a folder. A
/// key is taken as it is written; nothing in it is decoded.
public final class Sources {

    private final FileRoots roots;
    private final SourceBuckets buckets;
    private final Hub hub;

    /// Without the Hub.
    public Sources(FileRoots roots, SourceBuckets buckets) {
        this(roots, buckets, Hub.off());
    }

    public Sources(FileRoots roots, SourceBuckets buckets, Hub hub) {
        this.roots = roots;
        this.buckets = buckets;
        this.hub = hub;
    }

    /// What one plan may read: its own folder too, where it was admitted to it.
    public Sources of(Plan plan) {
        return new Sources(roots.of(plan), buckets, hub);
    }

    /// The file that a URI names, or those below the folder that it names, in the order of their
    /// paths. What begins with a dot is passed over, as are links to folders.
    ///
    /// @param include pattern over paths below the folder; null for all files
    /// @throws TanrenException `SOURCE_MISSING`; `SOURCE_EMPTY` where nothing matches;
    ///     `SOURCE_UNREADABLE` also for what the worker may not read; and what the store throws
    public List<SourceContent> files(String uri, @Nullable String include) {
        Glob glob = glob(uri, include);
        List<SourceContent> files =
                BucketUri.parse(uri)
                        .map(found -> stored(found, glob))
                        .orElseGet(() -> local(uri, glob));
        if (files.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.SOURCE_EMPTY,
                    include == null
                            ? "no file is in the folder"
                            : "no file below the folder matches '" + include + "'",
                    uri,
                    "Mend the path or the pattern; '**/' stands for any number of folders.");
        }
        return files;
    }

    /// The file that a URI names or, where that is a folder, the file of this name in it.
    ///
    /// @throws TanrenException as [#files(String, String)]
    public SourceContent file(String uri, String nameInFolder) {
        if (HubReference.names(uri)) {
            return folder(uri).file(nameInFolder).orElseThrow(() -> missing(uri));
        }
        Optional<BucketUri> stored = BucketUri.parse(uri);
        if (stored.isPresent()) {
            Optional<SourceContent> object = object(stored.get());
            if (object.isPresent()) {
                return object.get();
            }
        } else {
            PermittedPath place = roots.resolve(uri);
            if (!Files.isDirectory(place.path())) {
                return LocalFile.of(place);
            }
        }
        return folder(uri).file(nameInFolder).orElseThrow(() -> missing(uri));
    }

    /// The folder of the file that [#file] gives, to look for others beside it.
    ///
    /// @throws TanrenException as [#folder]
    public SourceFolder folderOfFile(String uri) {
        Optional<BucketUri> stored = BucketUri.parse(uri);
        if (stored.isPresent() && object(stored.get()).isPresent()) {
            BucketUri object = stored.get();
            return new SourceFolder.StoredFolder(
                    store(object),
                    object.root(),
                    object.key().substring(0, object.key().lastIndexOf('/') + 1));
        }
        if (stored.isEmpty() && !HubReference.names(uri)) {
            // Not the real path: in a cache of the Hub, files are links to elsewhere.
            Path path = Path.of(uri.substring(uri.indexOf(':') + 1));
            if (!Files.isDirectory(roots.resolve(uri).path())) {
                return new SourceFolder.LocalFolder(roots, path.resolveSibling(""));
            }
        }
        return folder(uri);
    }

    /// The folder that a URI names. Whether there is anything in it is not asked of a bucket.
    ///
    /// @throws TanrenException `SOURCE_MISSING`, `SOURCE_UNREADABLE`, and as [Hub#snapshot(String)]
    public SourceFolder folder(String uri) {
        if (HubReference.names(uri)) {
            return new SourceFolder.RemoteFolder(hub, hub.snapshot(uri));
        }
        return BucketUri.parse(uri)
                .<SourceFolder>map(
                        found ->
                                new SourceFolder.StoredFolder(
                                        store(found), found.root(), found.folderPrefix()))
                .orElseGet(() -> new SourceFolder.LocalFolder(roots, roots.resolve(uri).path()));
    }

    private List<SourceContent> stored(BucketUri uri, Glob glob) {
        Optional<SourceContent> object = object(uri);
        if (object.isPresent()) {
            return List.of(object.get());
        }
        ObjectStore store = store(uri);
        List<ObjectStore.StoredObject> below = store.list(uri.folderPrefix());
        if (below.isEmpty()) {
            throw missing(uri.text());
        }
        return below.stream()
                .filter(found -> uri.shows(found.key()) && glob.matches(uri.relative(found.key())))
                .<SourceContent>map(
                        found -> new StoredFile(store, uri.root(), found.key(), found.bytes()))
                .toList();
    }

    private Optional<SourceContent> object(BucketUri uri) {
        if (uri.key().isEmpty() || uri.key().endsWith("/")) {
            return Optional.empty();
        }
        ObjectStore store = store(uri);
        return store.find(uri.key())
                .map(found -> new StoredFile(store, uri.root(), found.key(), found.bytes()));
    }

    private ObjectStore store(BucketUri uri) {
        return buckets.open(uri.bucket(), uri.text());
    }

    private List<SourceContent> local(String uri, Glob glob) {
        PermittedPath place = roots.resolve(uri);
        if (!Files.isDirectory(place.path())) {
            return List.of(LocalFile.of(place));
        }
        return LocalSearch.below(place, glob, uri).stream()
                .map(file -> roots.permitted(file, file.toString()))
                .sorted(Comparator.comparing(file -> file.path().toString()))
                .<SourceContent>map(LocalFile::of)
                .toList();
    }

    private static Glob glob(String uri, @Nullable String include) {
        String pattern = include == null ? "**/*" : include;
        try {
            return new Glob(pattern);
        } catch (PatternSyntaxException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_EMPTY,
                    "'" + pattern + "' is no pattern: " + e.getDescription(),
                    uri,
                    "Write a pattern such as '**/*.java'.",
                    e);
        }
    }

    private static TanrenException missing(String uri) {
        return new TanrenException(
                ErrorCode.SOURCE_MISSING,
                "nothing is there",
                uri,
                "Mend the address, or put the files there.");
    }
}
