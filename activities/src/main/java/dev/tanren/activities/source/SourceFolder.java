package dev.tanren.activities.source;

import dev.tanren.activities.hub.Hub;
import dev.tanren.activities.hub.HubSnapshot;
import dev.tanren.activities.source.internal.LocalSearch;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A folder of files known by their names, such as a model's.
public sealed interface SourceFolder {

    /// What errors call it.
    String where();

    /// @param name without a `/`
    /// @throws TanrenException `SOURCE_UNREADABLE` where it is there and may not be read
    Optional<SourceContent> file(String name);

    /// Names of the files right in it, in order; none where the folder cannot be read.
    List<String> names();

    /// The commit that its files are read at.
    ///
    /// @return empty where the source knows no commits
    default Optional<String> commit() {
        return Optional.empty();
    }

    /// What errors call a file of it.
    default String where(String name) {
        String folder = where();
        return folder.endsWith("/") ? folder + name : folder + "/" + name;
    }

    /// A folder of this machine.
    ///
    /// @param path need not be real: each file's own is looked at
    record LocalFolder(FileRoots roots, Path path) implements SourceFolder {

        @Override
        public String where() {
            return path.toString();
        }

        @Override
        public Optional<SourceContent> file(String name) {
            Path file = path.resolve(name);
            if (!Files.exists(file)) {
                return Optional.empty();
            }
            return Optional.of(SourceContent.LocalFile.of(roots.permitted(file, file.toString())));
        }

        @Override
        public List<String> names() {
            try {
                return LocalSearch.names(roots.permitted(path, path.toString()));
            } catch (TanrenException notPermitted) {
                return List.of();
            }
        }
    }

    /// A model of the Hugging Face Hub at one commit.
    record RemoteFolder(Hub hub, HubSnapshot snapshot) implements SourceFolder {

        @Override
        public String where() {
            return snapshot.where("");
        }

        @Override
        public Optional<String> commit() {
            return Optional.of(snapshot.commit());
        }

        @Override
        public Optional<SourceContent> file(String name) {
            return hub.file(snapshot, name)
                    .map(file -> new SourceContent.RemoteFile(hub, snapshot, file));
        }

        @Override
        public List<String> names() {
            return snapshot.files().keySet().stream().filter(name -> !name.contains("/")).toList();
        }
    }

    /// The objects whose keys begin with a prefix.
    ///
    /// @param root what errors put before the prefix
    /// @param prefix empty or ending in `/`
    record StoredFolder(ObjectStore store, String root, String prefix) implements SourceFolder {

        @Override
        public String where() {
            return root + prefix;
        }

        @Override
        public Optional<SourceContent> file(String name) {
            return store.find(prefix + name)
                    .map(
                            object ->
                                    new SourceContent.StoredFile(
                                            store, root, object.key(), object.bytes()));
        }

        @Override
        public List<String> names() {
            return store.list(prefix).stream()
                    .map(object -> object.key().substring(prefix.length()))
                    .filter(name -> !name.isEmpty() && !name.contains("/"))
                    .toList();
        }
    }
}
