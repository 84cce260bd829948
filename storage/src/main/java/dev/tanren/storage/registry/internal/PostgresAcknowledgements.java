package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Acknowledgements;
import dev.tanren.storage.registry.Runs.Run;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Acknowledged failures in PostgreSQL.
public final class PostgresAcknowledgements implements Acknowledgements {

    private final Database database;

    public PostgresAcknowledgements(Database database) {
        this.database = database;
    }

    @Override
    public List<Run> waiting(int limit) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from runs
                                        where status = 'paused' or (status = 'failed'
                                            and not exists (select from acknowledgements a
                                                where a.run_id = runs.run_id
                                                    and a.execution >= runs.execution)
                                            and not exists (select from runs later
                                                where later.name = runs.name
                                                    and later.run_id > runs.run_id
                                                    and later.status = 'succeeded'))
                                        order by run_id desc limit :limit
                                        """)
                                .bind("limit", limit)
                                .map((row, context) -> RunRows.run(row))
                                .list());
    }

    @Override
    public void acknowledge(Run seen, String actor, @Nullable String reason) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into acknowledgements
                                            (run_id, execution, actor, reason)
                                        values (:runId, :execution, :actor, :reason)
                                        on conflict (run_id, execution) do nothing
                                        """)
                                .bind("runId", seen.runId())
                                .bind("execution", seen.version().execution())
                                .bind("actor", actor)
                                .bind("reason", reason)
                                .execute());
    }
}
