package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.cli.OutputOptions.Form;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.PrintWriter;
import java.io.StringWriter;

/// Writes to `err` what went wrong: its code, what, where and how to mend it; an object where the
/// command's data is asked for as JSON or YAML.
record ErrorReport(Terminal terminal, Form form) {

    /// @return exit code
    int report(Exception error) {
        if (error instanceof TanrenException coded) {
            report(coded);
            return Exit.of(coded);
        }
        if (form == Form.TABLE) {
            terminal.say(
                    ErrorCode.INTERNAL.code()
                            + " An error in Tanren itself, please report it with:");
            error.printStackTrace(terminal.err());
        } else {
            StringWriter trace = new StringWriter();
            error.printStackTrace(new PrintWriter(trace, true));
            ObjectNode object =
                    object(
                            ErrorCode.INTERNAL,
                            "An error in Tanren itself: " + error,
                            "command line",
                            ErrorCode.INTERNAL.mend());
            write(object.put("trace", trace.toString()));
        }
        return Exit.FAILED;
    }

    void report(TanrenException error) {
        if (form != Form.TABLE) {
            write(object(error.code(), error.what(), error.where(), error.mend()));
            return;
        }
        String code = error.code().code();
        terminal.say(
                (terminal.coloredErr() ? "\u001b[31m" + code + "\u001b[0m" : code)
                        + " "
                        + error.what()
                        + "\n  where: "
                        + error.where()
                        + "\n  mend:  "
                        + error.mend());
    }

    /// With the fields of a run's `failure`.
    private static ObjectNode object(ErrorCode code, String what, String where, String mend) {
        return Json.mapper()
                .createObjectNode()
                .put("code", code.code())
                .put("what", what)
                .put("where", where)
                .put("mend", mend);
    }

    private void write(ObjectNode object) {
        terminal.progress("");
        OutputOptions.write(form, object, terminal.err());
    }
}
