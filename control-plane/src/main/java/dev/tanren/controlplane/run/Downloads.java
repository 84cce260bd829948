package dev.tanren.controlplane.run;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStream;
import java.io.FilterInputStream;
import java.io.InputStream;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/// Bounds how many downloads go on at once, and so what they take of the heap: each holds two
/// ranges of 1 MiB while the next one is fetched.
final class Downloads {

    static final int RANGE = 1 << 20;

    private final ObjectStore store;
    private final Semaphore places;

    /// @param most downloads at once
    Downloads(ObjectStore store, int most) {
        this.store = store;
        this.places = new Semaphore(most);
    }

    /// One that goes on until it is closed, by whoever comes first of those that see its end.
    final class Download implements AutoCloseable {

        private final AtomicBoolean closed = new AtomicBoolean();

        /// The bytes of an object; closing them closes this.
        InputStream bytes(String key, long from, long end) {
            return new FilterInputStream(new ObjectStream(store, key, from, end, RANGE)) {
                @Override
                public void close() {
                    Download.this.close();
                }
            };
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                places.release();
            }
        }
    }

    /// @param where what is to be downloaded
    /// @throws TanrenException `TOO_MANY_REQUESTS` where as many go on as may
    Download begin(String where) {
        if (!places.tryAcquire()) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "as many downloads go on as may",
                    where,
                    "wait as long as Retry-After says, and ask again");
        }
        return new Download();
    }
}
