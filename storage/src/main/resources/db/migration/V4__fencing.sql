-- An attempt is begun, which makes all earlier ones stale, before it is known where it starts.
alter table attempts alter column resume_step drop not null;

-- What a collection drew to make every attempt of an ended run stale; 0 where none did.
alter table stages add column fence bigint not null default 0;

-- Runs that were deleted: what is left of them in the object store is nobody's.
create table deleted_runs (
    run_id     text primary key,
    deleted_at timestamptz not null default clock_timestamp()
);
