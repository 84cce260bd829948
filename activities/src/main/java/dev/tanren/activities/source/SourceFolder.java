package dev.tanren.activities.source;

import dev.tanren.activities.hub.Hub;
import dev.tanren.activities.hub.HubSnapshot;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import java.io.IOException;
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
            Path real = roots.permitted(file, file.toString());
            try {
                return Optional.of(new SourceContent.LocalFile(real, Files.size(real)));
            } catch (IOException e) {
                throw new TanrenException(
                        ErrorCode.SOURCE_UNREADABLE,
                        "the file cannot be read: " + e,
                        file.toString(),
                        "Let the worker's user read it.",
                        e);
            }
        }

        @Override
        public List<String> names() {
            try (var files = Files.list(path)) {
                return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
            } catch (IOException e) {
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
