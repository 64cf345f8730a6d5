"""Makes the shipped models and tables; an application that nothing imports."""
