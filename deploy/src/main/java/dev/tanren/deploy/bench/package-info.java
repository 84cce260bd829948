/// Real ranks for benchmarks, which need a store and no stack.
@NullMarked
package dev.tanren.deploy.bench;

import org.jspecify.annotations.NullMarked;
