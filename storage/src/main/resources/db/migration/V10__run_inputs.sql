-- What each run trains on, fixed when it was first prepared. No reference to runs: the table can be
-- filled from the manifests of checkpoints alone.
create table run_inputs (
    run_id     text primary key,
    trained_on text        not null,
    fixed_at   timestamptz not null default clock_timestamp()
);
