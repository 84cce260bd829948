/// The activities that workflows call, and how long each may take.
package dev.tanren.workflows.activity;
