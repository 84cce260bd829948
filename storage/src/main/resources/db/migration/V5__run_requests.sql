-- A row of the audit with a key is written once, however often its writer begins anew.
alter table audit add column key text unique;

-- The newest request of each run that was sent to its workflow and whose answer did not come in
-- time: it may still take effect, and whoever asks the same again is told what became of it.
create table run_requests (
    run_id    text primary key references runs on delete cascade,
    update_id text        not null,
    action    text        not null,
    actor     text        not null,
    reason    text,
    asked_at  timestamptz not null default clock_timestamp()
);
