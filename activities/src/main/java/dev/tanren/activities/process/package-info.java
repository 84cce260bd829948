/// Starting, hearing and ending processes of the model runtime.
package dev.tanren.activities.process;
