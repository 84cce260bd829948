package dev.tanren.storage.registry.internal;

import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.registry.RunInputs;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;

/// What runs train on, in PostgreSQL.
public final class PostgresRunInputs implements RunInputs {

    private final Database database;

    public PostgresRunInputs(Database database) {
        this.database = database;
    }

    @Override
    public TrainedOn fix(String runId, TrainedOn trainedOn) {
        return database.call(
                handle -> {
                    handle.createUpdate(
                                    """
                                    insert into run_inputs (run_id, trained_on)
                                    values (:runId, :trainedOn)
                                    on conflict (run_id) do nothing
                                    """)
                            .bind("runId", runId)
                            .bind("trainedOn", Json.write(trainedOn))
                            .execute();
                    return find(handle, runId).orElseThrow();
                });
    }

    @Override
    public Optional<TrainedOn> find(String runId) {
        return database.call(handle -> find(handle, runId));
    }

    private static Optional<TrainedOn> find(Handle handle, String runId) {
        return handle.createQuery("select trained_on from run_inputs where run_id = :runId")
                .bind("runId", runId)
                .mapTo(String.class)
                .findOne()
                .map(PostgresRunInputs::read);
    }

    @Override
    public Set<String> prefixes() {
        Set<String> prefixes = new TreeSet<>();
        database.run(
                handle -> {
                    prefixes.clear();
                    handle.createQuery("select trained_on from run_inputs")
                            .mapTo(String.class)
                            .forEach(json -> prefixes.addAll(read(json).prefixes()));
                });
        return prefixes;
    }

    private static TrainedOn read(String json) {
        return Json.read(json, TrainedOn.class);
    }
}
