/// What both sides of Temporal share: how records travel, and which workflows there are.
package dev.tanren.workflows;
