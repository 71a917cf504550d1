//! State-machine and task engine, timers, alarm and event-log models, configuration and logging of the NFV processes.
