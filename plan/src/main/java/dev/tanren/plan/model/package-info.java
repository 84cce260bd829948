/// What a model directory says about itself.
package dev.tanren.plan.model;
