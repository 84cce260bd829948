package dev.tanren.storage.checkpoint;

import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.testing.StoreAround;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Lets a new attempt begin at the worst moment: when the manifest has just been written.
final class BeginsAfterPut extends StoreAround {

    private final Supplier<Attempt> begin;
    private @Nullable Attempt begun;

    BeginsAfterPut(ObjectStore store, Supplier<Attempt> begin) {
        super(store);
        this.begin = begin;
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes) {
        boolean written = super.putIfAbsent(key, bytes);
        if (begun == null) {
            begun = begin.get();
        }
        return written;
    }

    Attempt begun() {
        return Objects.requireNonNull(begun, "nothing was put");
    }
}
