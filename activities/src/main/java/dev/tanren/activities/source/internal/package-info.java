/// How the files of a source are found.
package dev.tanren.activities.source.internal;
