/// What a worker is to record, kept on its disk until the database has it.
package dev.tanren.activities.journal;
