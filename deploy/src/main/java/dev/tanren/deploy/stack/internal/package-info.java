/// How the parts of the embedded stack are prepared, started, watched and stopped.
package dev.tanren.deploy.stack.internal;
