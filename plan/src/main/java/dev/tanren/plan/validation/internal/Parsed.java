package dev.tanren.plan.validation.internal;

/// A single value, or why it is none.
sealed interface Parsed<T> {

    record Good<T>(T value) implements Parsed<T> {}

    record Bad<T>(Mismatch mismatch) implements Parsed<T> {}

    static <T> Parsed<T> type(String mend) {
        return new Bad<>(Mismatch.type(mend));
    }

    static <T> Parsed<T> value(String mend) {
        return new Bad<>(Mismatch.value(mend));
    }
}
