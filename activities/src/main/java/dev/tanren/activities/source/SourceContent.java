package dev.tanren.activities.source;

import dev.tanren.activities.hub.Hub;
import dev.tanren.activities.hub.HubFile;
import dev.tanren.activities.hub.HubSnapshot;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStream;
import dev.tanren.storage.objects.Sha256;
import java.io.IOException;
import java.io.InputStream;

/// A file of a source that the worker may read.
public sealed interface SourceContent {

    /// What errors call it: its path, its URI or its key. Ends in the file's name.
    String where();

    /// How long it was when it was found.
    long bytes();

    /// When it was last changed, by its own file system; empty where nobody says.
    default String modified() {
        return "";
    }

    /// The SHA-256 that goes with it, by the word of whoever wrote it; empty where nobody says.
    default String announced() {
        return "";
    }

    /// Reads it from the beginning, as a stream of little memory.
    ///
    /// @throws IOException where a file of this machine cannot be read
    /// @throws TanrenException where an object or a file of the Hub cannot, also from the stream
    InputStream open() throws IOException;

    /// A file of this machine.
    ///
    /// It is opened as what it was when it was found, and refused where a link is in its place or
    /// in that of a folder on the way.
    record LocalFile(PermittedPath place, long bytes) implements SourceContent {

        /// As long as it is now.
        ///
        /// @throws TanrenException `SOURCE_UNREADABLE`
        static LocalFile of(PermittedPath place) {
            try {
                return new LocalFile(place, place.attributes().size());
            } catch (IOException e) {
                throw new LocalFile(place, 0).unreadable(e);
            }
        }

        @Override
        public String where() {
            return place.path().toString();
        }

        @Override
        public String modified() {
            try {
                return place.attributes().lastModifiedTime().toString();
            } catch (IOException e) {
                throw unreadable(e);
            }
        }

        @Override
        public InputStream open() throws IOException {
            return place.stream();
        }
    }

    /// An object.
    ///
    /// @param root what errors put before its key
    record StoredFile(ObjectStore store, String root, String key, long bytes)
            implements SourceContent {

        @Override
        public String where() {
            return root + key;
        }

        @Override
        public InputStream open() {
            return new ObjectStream(store, key, bytes);
        }

        @Override
        public String announced() {
            return store.find(key).map(ObjectStore.StoredObject::sha256).orElse("");
        }
    }

    /// A file of the Hugging Face Hub.
    record RemoteFile(Hub hub, HubSnapshot snapshot, HubFile file) implements SourceContent {

        @Override
        public String where() {
            return snapshot.where(file.name());
        }

        @Override
        public long bytes() {
            return file.bytes();
        }

        @Override
        public InputStream open() {
            return hub.open(snapshot, file);
        }

        @Override
        public String announced() {
            String sha256 = file.sha256();
            return sha256 == null ? "" : sha256;
        }

        /// The announced one where there is one: reading the file compares them.
        @Override
        public String sha256(Progress progress) {
            String announced = announced();
            return announced.isEmpty() ? SourceContent.super.sha256(progress) : announced;
        }
    }

    /// SHA-256 of its bytes, all of which are read for it where it is not known.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` and what the store throws
    default String sha256(Progress progress) {
        return digest(progress, 0).sha256();
    }

    /// SHA-256 of its bytes, and the first ones of them.
    ///
    /// @param headBytes how many first bytes are kept
    /// @throws TanrenException `SOURCE_UNREADABLE` and what the store throws
    default Digest digest(Progress progress, int headBytes) {
        Sha256 hash = new Sha256();
        byte[] buffer = new byte[1 << 18];
        long done = 0;
        try (InputStream in = open()) {
            byte[] head = in.readNBytes(headBytes);
            hash.update(head);
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
                done += read;
                if (done % (64 << 20) < buffer.length) {
                    progress.at("reading", done);
                }
            }
            return new Digest(hash.hex(), head);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /// @param sha256 of all bytes, hexadecimal
    /// @param head the first bytes, fewer where there are fewer
    // An array on purpose: it is looked at once.
    @SuppressWarnings("ArrayRecordComponent")
    record Digest(String sha256, byte[] head) {}

    /// Reads all of a small file.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE`, also where it has more than `most` bytes
    default byte[] read(int most) {
        try (InputStream in = open()) {
            byte[] read = in.readNBytes(most + 1);
            if (read.length <= most) {
                return read;
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
        throw new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the file has more than the " + (most >> 20) + " MiB that such a file may have",
                where(),
                "Name the right file.");
    }

    default TanrenException unreadable(IOException e) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the file cannot be read: " + e,
                where(),
                "Let the worker's user read it.",
                e);
    }

    default TanrenException changed() {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the file changed while it was read",
                where(),
                "Run again when nothing writes to it.");
    }
}
