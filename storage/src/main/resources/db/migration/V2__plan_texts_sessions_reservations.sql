-- The plan as it was submitted; null for runs that are older than this.
alter table runs
    add column plan_text       text,
    add column plan_media_type text;

-- Sign-ins of the console. A session is worth as much as its token, and no longer.
create table sessions (
    hash       text primary key,
    token_id   text        not null references tokens,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
create index sessions_by_expiry on sessions (expires_at);

-- Who holds a reservation, so that one who lost it changes nothing of the next one's. While the
-- status is 0 the answer is what the request will be answered with once its work is done.
alter table idempotency_keys add column holder text not null default '';
