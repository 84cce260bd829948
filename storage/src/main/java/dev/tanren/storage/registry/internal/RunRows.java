package dev.tanren.storage.registry.internal;

import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Runs.Failure;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/// Reads rows of runs and stages as our types.
final class RunRows {

    private RunRows() {}

    static Run run(ResultSet row) throws SQLException {
        return new Run(
                row.getString("run_id"),
                row.getString("name"),
                row.getString("plan"),
                submitted(row),
                row.getString("owner"),
                version(row),
                RunState.of(row.getString("status")),
                row.getString("reason"),
                failure(row),
                row.getString("current_stage"),
                Columns.instant(row, "created_at"),
                Columns.instantOrNull(row, "started_at"),
                Columns.instantOrNull(row, "finished_at"));
    }

    static RunVersion version(ResultSet row) throws SQLException {
        return new RunVersion(row.getLong("execution"), row.getLong("status_sequence"));
    }

    private static @Nullable PlanText submitted(ResultSet row) throws SQLException {
        String text = row.getString("plan_text");
        return text == null ? null : new PlanText(text, row.getString("plan_media_type"));
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
        String code = row.getString("failure_code");
        return code == null
                ? null
                : new Failure(
                        code,
                        row.getString("failure_what"),
                        row.getString("failure_where"),
                        row.getString("failure_mend"));
    }

    static StageRow stage(ResultSet row) throws SQLException {
        return new StageRow(
                row.getString("run_id"),
                row.getString("stage_id"),
                row.getInt("position"),
                row.getString("type"),
                StageState.of(row.getString("status")),
                row.getString("phase_id"),
                row.getLong("step"),
                row.getLong("total_steps"),
                row.getString("result"),
                Columns.instantOrNull(row, "started_at"),
                Columns.instantOrNull(row, "finished_at"));
    }
}
