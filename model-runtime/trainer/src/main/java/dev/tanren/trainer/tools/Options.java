package dev.tanren.trainer.tools;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// A program's arguments of the form `--name value`, and flags without a value. Of an option that
/// is given several times the last value counts, where they are not all asked for.
public final class Options {

    private final String usage;
    private final Map<String, List<String>> values;

    private Options(String usage, Map<String, List<String>> values) {
        this.usage = usage;
        this.values = values;
    }

    /// @param usage one line that shows how the program is called
    /// @param names options with a value, without the dashes
    /// @param flags options without one
    /// @throws TanrenException `USAGE` for an unknown option or a missing value
    public static Options parse(
            String usage, Set<String> names, Set<String> flags, String... arguments) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        List<String> rest = Arrays.asList(arguments);
        for (int i = 0; i < rest.size(); i++) {
            String name = rest.get(i).startsWith("--") ? rest.get(i).substring(2) : "";
            if (flags.contains(name)) {
                values.put(name, List.of());
            } else if (names.contains(name) && i + 1 < rest.size()) {
                values.computeIfAbsent(name, any -> new ArrayList<>()).add(rest.get(++i));
            } else {
                throw wrong("`" + rest.get(i) + "` is no option, or lacks its value", usage);
            }
        }
        return new Options(usage, values);
    }

    /// @throws TanrenException `USAGE` where it was not given
    public String required(String name) {
        if (!values.containsKey(name)) {
            throw wrong("`--" + name + "` is missing", usage);
        }
        return all(name).getLast();
    }

    public String get(String name, String otherwise) {
        return values.containsKey(name) ? all(name).getLast() : otherwise;
    }

    /// Each value of an option that may be given several times, in order.
    public List<String> all(String name) {
        return List.copyOf(values.getOrDefault(name, List.of()));
    }

    /// @throws TanrenException `USAGE` where it is not a whole number of at least `least`
    public int integer(String name, int otherwise, int least) {
        String text = get(name, Integer.toString(otherwise));
        try {
            int value = Integer.parseInt(text);
            if (value >= least) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong("`--" + name + " " + text + "` is not a whole number", usage);
        }
        throw wrong("`--" + name + " " + text + "` is below " + least, usage);
    }

    /// @throws TanrenException `USAGE` where it is not a number of at least 0
    public double number(String name, double otherwise) {
        String text = get(name, Double.toString(otherwise));
        try {
            double value = Double.parseDouble(text);
            if (value >= 0 && Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw wrong("`--" + name + " " + text + "` is not a number", usage);
        }
        throw wrong("`--" + name + " " + text + "` is not a number of at least 0", usage);
    }

    /// One of an enum's constants, written in small letters.
    ///
    /// @throws TanrenException `USAGE` where it is none of them
    public <E extends Enum<E>> E choice(String name, E otherwise) {
        String text = get(name, otherwise.name().toLowerCase(Locale.ROOT));
        E[] all = otherwise.getDeclaringClass().getEnumConstants();
        for (E one : all) {
            if (one.name().toLowerCase(Locale.ROOT).equals(text)) {
                return one;
            }
        }
        throw wrong(
                "`--" + name + " " + text + "` is none of " + java.util.Arrays.toString(all),
                usage);
    }

    public boolean flag(String name) {
        return values.containsKey(name);
    }

    private static TanrenException wrong(String what, String usage) {
        return new TanrenException(ErrorCode.USAGE, what, "command line", usage);
    }
}
