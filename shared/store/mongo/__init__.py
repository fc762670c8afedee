"""The store on MongoDB, by PyMongo or Motor."""
