-- Makes the database current in a further cursor of a session.
USE luc;
