//! The port between the VIM core and the cloud: objects, calls, answers and notifications as plain data.
