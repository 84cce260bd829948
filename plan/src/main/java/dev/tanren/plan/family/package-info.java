/// What each family of decoders is: its parameters, its configuration, and what follows from both.
@NullMarked
package dev.tanren.plan.family;

import org.jspecify.annotations.NullMarked;
