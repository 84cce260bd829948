package dev.tanren.trainer.tools;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.function.Function;

/// How a program ends that the command line starts: a coded error is one line on standard error and
/// status 1.
public final class Mains {

    private Mains() {}

    /// An error is a line for people.
    public static void run(Runnable program) {
        run(program, TanrenException::getMessage);
    }

    /// An error is one line of JSON, `{"code", "what", "where", "mend"}`, which the command line
    /// tells as it tells its own.
    static void runForCommand(Runnable program) {
        run(
                program,
                e ->
                        Json.mapper()
                                .createObjectNode()
                                .put("code", e.code().code())
                                .put("what", e.what())
                                .put("where", e.where())
                                .put("mend", e.mend())
                                .toString());
    }

    private static void run(Runnable program, Function<TanrenException, String> line) {
        try {
            program.run();
        } catch (TanrenException e) {
            System.err.println(line.apply(e));
            System.exit(1);
        }
    }
}
