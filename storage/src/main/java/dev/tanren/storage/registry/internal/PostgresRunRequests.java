package dev.tanren.storage.registry.internal;

import dev.tanren.plan.run.RunAction;
import dev.tanren.storage.registry.RunRequests;
import java.util.Optional;

/// Pending requests in PostgreSQL.
public final class PostgresRunRequests implements RunRequests {

    private final Database database;

    public PostgresRunRequests(Database database) {
        this.database = database;
    }

    @Override
    public void keep(Pending request) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into run_requests
                                            (run_id, update_id, action, actor, reason)
                                        values (:runId, :updateId, :action, :actor, :reason)
                                        on conflict (run_id) do update set
                                            update_id = excluded.update_id,
                                            action = excluded.action,
                                            actor = excluded.actor,
                                            reason = excluded.reason,
                                            asked_at = excluded.asked_at
                                        """)
                                .bind("runId", request.runId())
                                .bind("updateId", request.updateId())
                                .bind("action", request.action().key())
                                .bind("actor", request.actor())
                                .bind("reason", request.reason())
                                .execute());
    }

    @Override
    public Optional<Pending> find(String runId) {
        return database.call(
                handle ->
                        handle.createQuery("select * from run_requests where run_id = :runId")
                                .bind("runId", runId)
                                .map(
                                        (row, context) ->
                                                new Pending(
                                                        row.getString("run_id"),
                                                        row.getString("update_id"),
                                                        RunAction.of(row.getString("action")),
                                                        row.getString("actor"),
                                                        row.getString("reason")))
                                .findOne());
    }

    @Override
    public void answered(Pending request) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        "delete from run_requests where run_id = :runId"
                                                + " and update_id = :updateId")
                                .bind("runId", request.runId())
                                .bind("updateId", request.updateId())
                                .execute());
    }
}
