-- The error that an attempt ended with, by the constant name of its code.
alter table attempts add column failure_code text;
