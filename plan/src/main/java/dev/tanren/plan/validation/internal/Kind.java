package dev.tanren.plan.validation.internal;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// What may stand behind a key. Reader, JSON Schema and documentation all go by it.
public sealed interface Kind<T> {

    /// What is allowed, to follow "expected".
    String expected();

    /// A single value.
    sealed interface Single<T> extends Kind<T>
            permits Singles.Text,
                    Singles.PathPattern,
                    Singles.Whole,
                    Singles.Tokens,
                    Singles.Real,
                    Singles.Share,
                    Singles.Time,
                    Singles.Truth,
                    Singles.Choice {
        Parsed<T> parse(Scalar scalar);
    }

    /// A mapping with known keys.
    record Fields(Shape shape) implements Kind<Section> {
        @Override
        public String expected() {
            return "a mapping with " + shape.listing();
        }
    }

    /// A mapping whose keys depend on one of them.
    ///
    /// @param shapes by the discriminator's value; each holds `discriminator`
    /// @param common what is read of a mapping whose discriminator is missing or unknown
    record Variants(Key<?> discriminator, Map<String, Shape> shapes, Shape common)
            implements Kind<Section> {
        @Override
        public String expected() {
            return "a mapping with " + discriminator.name();
        }
    }

    record Items<E>(Kind<E> item, int fewest, int most) implements Kind<List<Located<E>>> {
        @Override
        public String expected() {
            return fewest == most
                    ? "a list of " + fewest
                    : fewest > 0 ? "a list with at least " + fewest + " entry" : "a list";
        }
    }

    /// A mapping with names that the user chooses.
    ///
    /// @param names form of a name
    /// @param naming what a name is, to follow "expected"
    record Entries<E>(Kind<E> value, Pattern names, String naming, int fewest)
            implements Kind<Map<String, Located<E>>> {
        @Override
        public String expected() {
            return fewest > 0 ? "a mapping with at least one entry" : "a mapping";
        }
    }
}
