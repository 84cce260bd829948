/// Text that comes from outside: its encoding, and how messages show it.
package dev.tanren.plan.text;
