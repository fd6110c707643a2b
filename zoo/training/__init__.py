"""How a task trains: strategies, replica-safe steps, schedules and resumable runs."""
