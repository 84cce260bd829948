package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.testing.StoreAround;
import java.util.function.Supplier;

/// Lets something else happen before each call, as if the caller had been stopped there. What
/// happens meanwhile is not interrupted itself.
final class InterruptedStore extends StoreAround {

    private final Runnable meanwhile;
    private boolean interrupted;

    InterruptedStore(ObjectStore store, Runnable meanwhile) {
        super(store);
        this.meanwhile = meanwhile;
    }

    private synchronized void interrupt() {
        if (!interrupted) {
            interrupted = true;
            try {
                meanwhile.run();
            } finally {
                interrupted = false;
            }
        }
    }

    @Override
    protected <T> T reading(Supplier<T> call) {
        interrupt();
        return call.get();
    }

    @Override
    protected <T> T writing(Supplier<T> call) {
        interrupt();
        return call.get();
    }
}
