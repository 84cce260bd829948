package dev.tanren.cli;

import dev.tanren.deploy.client.Server;
import dev.tanren.deploy.model.LocalModel;
import dev.tanren.deploy.stack.FileFolders;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.FileUris;
import dev.tanren.plan.text.NotUtf8Exception;
import dev.tanren.plan.text.Utf8;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.plan.validation.PlanReading;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// A plan as a file of the user.
///
/// @param file absolute
record PlanFile(Path file, String text) {

    /// @throws TanrenException `SOURCE_MISSING`, `SOURCE_UNREADABLE`; `PLAN_SYNTAX` where it is not
    ///     UTF-8
    static PlanFile read(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (!Files.isRegularFile(absolute)) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "There is no such plan file.",
                    absolute.toString(),
                    "Give the path of a plan in YAML or JSON.");
        }
        try {
            return new PlanFile(absolute, Utf8.document(Files.readAllBytes(absolute)));
        } catch (NotUtf8Exception e) {
            throw new TanrenException(
                    ErrorCode.PLAN_SYNTAX,
                    "The plan is not UTF-8: " + e.what(),
                    absolute + ":" + e.line() + ":" + e.column(),
                    e.mend(),
                    e);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "The plan file cannot be read: " + e.getMessage(),
                    absolute.toString(),
                    "Check its permissions.",
                    e);
        }
    }

    /// With a look at the model where it lies on this machine.
    PlanReading validate() {
        return PlanReader.read(text, new LocalModel(file));
    }

    /// @throws TanrenException `PLAN_INVALID`, listing every problem
    Plan plan() {
        return plan(validate());
    }

    /// The plan of a reading of this file.
    ///
    /// @throws TanrenException `PLAN_INVALID`, listing every problem
    Plan plan(PlanReading reading) {
        try {
            return reading.planOrThrow();
        } catch (TanrenException e) {
            throw TanrenException.withLines(e.code(), e.what(), file.toString(), e.mend(), e);
        }
    }

    /// The same plan with `file:` URIs that were relative made absolute against the folder of the
    /// file, because a worker has another one. All else stays as it was written.
    ///
    /// @throws TanrenException `PLAN_INVALID` when it is not a valid plan
    PlanFile submittable() {
        plan();
        return new PlanFile(file, FileUris.absolute(text, file));
    }

    /// Lets this plan, which is [#submittable], read its own folder where it goes to the embedded
    /// stack of this user: workers that run as this user read what this user names, for this plan
    /// alone. Another server reads what whoever started its workers named.
    void admit(Map<String, String> environment) {
        if (Server.isOfStack(environment)) {
            FileFolders.admit(
                    TanrenHome.of(environment),
                    PlanReader.read(text).planOrThrow(),
                    file.resolveSibling("."));
        }
    }

    String mediaType() {
        return text.stripLeading().startsWith("{") ? "application/json" : "application/yaml";
    }
}
