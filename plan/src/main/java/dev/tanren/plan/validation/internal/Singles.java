package dev.tanren.plan.validation.internal;

import dev.tanren.plan.Glob;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.units.Durations;
import dev.tanren.plan.units.Fraction;
import dev.tanren.plan.units.TokenCount;
import dev.tanren.plan.validation.internal.Parsed.Bad;
import dev.tanren.plan.validation.internal.Parsed.Good;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// The kinds of single values.
public final class Singles {

    private Singles() {}

    /// @param form what a valid text matches; null for any that is not blank
    public record Text(String expected, @Nullable Pattern form) implements Kind.Single<String> {
        @Override
        public Parsed<String> parse(Scalar scalar) {
            if (scalar.isNothing()) {
                return Parsed.type("Give " + expected + ".");
            }
            if (scalar.isTruth() || scalar.isNumber()) {
                return Parsed.type("Put the text into quotes.");
            }
            Optional<String> unfit = Singles.unfit(scalar.text());
            if (unfit.isPresent()) {
                return Parsed.value(unfit.get());
            }
            if (scalar.text().isBlank()
                    || (form != null && !form.matcher(scalar.text()).matches())) {
                return Parsed.value("Give " + expected + ".");
            }
            return new Good<>(scalar.text());
        }
    }

    /// A [Glob].
    public record PathPattern(String expected) implements Kind.Single<String> {
        @Override
        public Parsed<String> parse(Scalar scalar) {
            Parsed<String> text = new Text(expected, null).parse(scalar);
            if (text instanceof Good<String> good) {
                try {
                    new Glob(good.value());
                } catch (PatternSyntaxException e) {
                    return Parsed.value(
                            "The pattern cannot be read: "
                                    + e.getDescription()
                                    + ". A backslash takes the character behind it as it is.");
                }
            }
            return text;
        }
    }

    /// What to do about a character that no name, address or pattern has and PostgreSQL or a file
    /// system refuses: a control character, or half a surrogate pair.
    private static Optional<String> unfit(String text) {
        return text.codePoints()
                .filter(point -> Character.isISOControl(point) || isSurrogate(point))
                .mapToObj(
                        point ->
                                String.format(Locale.ROOT, "Take out the character U+%04X.", point))
                .findFirst();
    }

    private static boolean isSurrogate(int point) {
        return point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
    }

    public record Whole(long smallest, long largest) implements Kind.Single<Long> {
        @Override
        public String expected() {
            return "a whole number from " + smallest + " to " + largest;
        }

        @Override
        public Parsed<Long> parse(Scalar scalar) {
            if (!scalar.isNumber()) {
                return Parsed.type("Write the digits without quotes or unit.");
            }
            try {
                long value = Long.parseLong(scalar.text());
                if (value >= smallest && value <= largest) {
                    return new Good<>(value);
                }
            } catch (NumberFormatException e) {
                return Parsed.value("Write a whole number of ordinary size.");
            }
            return Parsed.value("Choose a value in this range.");
        }
    }

    public record Tokens(long fewest, long most) implements Kind.Single<Long> {
        @Override
        public String expected() {
            return "a token count from "
                    + new TokenCount(fewest)
                    + " to "
                    + new TokenCount(most)
                    + ", such as 4096, 16Ki or 1.5M";
        }

        @Override
        public Parsed<Long> parse(Scalar scalar) {
            if (scalar.isNothing() || scalar.isTruth()) {
                return Parsed.type("Give a number of tokens.");
            }
            try {
                long tokens = TokenCount.parse(scalar.text()).tokens();
                if (tokens >= fewest && tokens <= most) {
                    return new Good<>(tokens);
                }
            } catch (IllegalArgumentException e) {
                return Parsed.type("Units are k, M, G, T (1000) and Ki, Mi, Gi (1024).");
            }
            return Parsed.value("Choose a value in this range.");
        }
    }

    /// @param aboveSmallest whether the smallest value itself is refused
    public record Real(double smallest, boolean aboveSmallest, double largest)
            implements Kind.Single<Double> {
        @Override
        public String expected() {
            return "a number "
                    + (aboveSmallest ? "above " : "from ")
                    + Numbers.shortest(smallest)
                    + (aboveSmallest ? ", at most " : " to ")
                    + Numbers.shortest(largest);
        }

        @Override
        public Parsed<Double> parse(Scalar scalar) {
            if (!scalar.isNumber()) {
                return Parsed.type("Write a number such as 0.1 or 3e-4, without quotes.");
            }
            double value = Double.parseDouble(scalar.text());
            boolean inside =
                    value <= largest && (aboveSmallest ? value > smallest : value >= smallest);
            return inside ? new Good<>(value) : Parsed.value("Choose a value in this range.");
        }
    }

    /// A number or a percentage.
    public record Share(double smallest, double largest) implements Kind.Single<Double> {
        @Override
        public String expected() {
            return "a number or percentage from "
                    + Numbers.shortest(smallest)
                    + " to "
                    + Numbers.shortest(largest);
        }

        @Override
        public Parsed<Double> parse(Scalar scalar) {
            if (scalar.isNothing() || scalar.isTruth()) {
                return Parsed.type("Write a share such as 2% or 0.02.");
            }
            try {
                double value = Fraction.parse(scalar.text()).value();
                if (value >= smallest && value <= largest) {
                    return new Good<>(value);
                }
            } catch (IllegalArgumentException e) {
                return Parsed.type("Write a share such as 2% or 0.02.");
            }
            return Parsed.value("Choose a value in this range; 1 and 100% are the same.");
        }
    }

    /// A length of time with its unit.
    public record Time(Duration shortest, Duration longest) implements Kind.Single<Duration> {
        @Override
        public String expected() {
            return "a time from "
                    + Durations.format(shortest)
                    + " to "
                    + Durations.format(longest)
                    + ", such as 90s or 10m";
        }

        @Override
        public Parsed<Duration> parse(Scalar scalar) {
            if (scalar.isNothing() || scalar.isTruth()) {
                return Parsed.type("Write a time such as 90s or 10m.");
            }
            try {
                Duration value = Durations.parse(scalar.text());
                if (value.compareTo(shortest) >= 0 && value.compareTo(longest) <= 0) {
                    return new Good<>(value);
                }
            } catch (IllegalArgumentException e) {
                return Parsed.type("Write a number with a unit: ms, s, m, h or d.");
            }
            return Parsed.value("Choose a time in this range.");
        }
    }

    public record Truth() implements Kind.Single<Boolean> {
        @Override
        public String expected() {
            return "true or false";
        }

        @Override
        public Parsed<Boolean> parse(Scalar scalar) {
            return scalar.isTruth()
                    ? new Good<>(Boolean.valueOf(scalar.text()))
                    : Parsed.type("Write true or false, without quotes.");
        }
    }

    /// One of an enum's constants, written in lower case with hyphens.
    public record Choice<E extends Enum<E>>(Class<E> type) implements Kind.Single<E> {
        @Override
        public String expected() {
            return words().size() == 1
                    ? words().getFirst()
                    : "one of " + String.join(", ", words());
        }

        public List<String> words() {
            return Arrays.stream(type.getEnumConstants()).map(Choice::word).toList();
        }

        public static String word(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        @Override
        public Parsed<E> parse(Scalar scalar) {
            for (E constant : type.getEnumConstants()) {
                if (word(constant).equals(scalar.text())) {
                    return new Good<>(constant);
                }
            }
            return new Bad<>(
                    new Mismatch(
                            scalar.isNothing() || scalar.isTruth() || scalar.isNumber()
                                    ? ErrorCode.PLAN_WRONG_TYPE
                                    : ErrorCode.PLAN_VALUE,
                            Nearest.of(scalar.text(), words()),
                            "Choose a word of this list."));
        }
    }
}
