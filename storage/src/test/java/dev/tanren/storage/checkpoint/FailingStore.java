package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.testing.StoreAround;
import java.util.function.Supplier;

/// Dies before or after the n-th write, as a process that is killed there does.
final class FailingStore extends StoreAround {

    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private final int fatalWrite;
    private final boolean afterIt;
    private int writes;

    FailingStore(ObjectStore store, int fatalWrite, boolean afterIt) {
        super(store);
        this.fatalWrite = fatalWrite;
        this.afterIt = afterIt;
    }

    @Override
    protected <T> T writing(Supplier<T> write) {
        boolean fatal = ++writes == fatalWrite;
        if (fatal && !afterIt) {
            throw new Killed();
        }
        T written = write.get();
        if (fatal) {
            throw new Killed();
        }
        return written;
    }
}
