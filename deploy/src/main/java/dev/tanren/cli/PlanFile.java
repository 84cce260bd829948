package dev.tanren.cli;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.spec.validation.PlanReading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A plan as a file of the user.
///
/// @param file absolute
record PlanFile(Path file, String text) {

    /// @throws TanrenException `SOURCE_MISSING` or `SOURCE_UNREADABLE`
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
            byte[] bytes = Files.readAllBytes(absolute);
            return new PlanFile(absolute, new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "The plan file cannot be read: " + e.getMessage(),
                    absolute.toString(),
                    "Check its permissions.",
                    e);
        }
    }

    PlanReading validate() {
        return PlanReader.read(text);
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
            throw new TanrenException(e.code(), e.what(), file.toString(), e.mend(), e);
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

    String mediaType() {
        return text.stripLeading().startsWith("{") ? "application/json" : "application/yaml";
    }
}
