"""What should be counted again by itself? Indicators and saved queries on a schedule, each run kept."""
