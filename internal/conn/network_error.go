package conn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
)

// NetworkError is what the network, or TLS on it, did to a connection.
type NetworkError struct {
	// Err is the error of the dialer, of the socket or of package tls.
	Err error
	// Hint is what may be the reason and what to do, or empty.
	Hint string
}

// Error says what happened without repeating the address.
func (e *NetworkError) Error() string { return withHint(e.text(), e.Hint) }

func (e *NetworkError) text() string {
	switch {
	case errors.Is(e.Err, errnoReset), errors.Is(e.Err, errnoAborted):
		return "the broker reset the connection"
	case isClosed(e.Err):
		return "the broker closed the connection"
	case errors.Is(e.Err, errnoRefused):
		return "connection refused"
	}
	var op *net.OpError
	if errors.As(e.Err, &op) {
		return op.Err.Error()
	}
	return e.Err.Error()
}

// Unwrap returns the underlying error.
func (e *NetworkError) Unwrap() error { return e.Err }

// Retriable is true, except where TLS was refused or is not spoken.
func (e *NetworkError) Retriable() bool {
	var (
		record   tls.RecordHeaderError
		verified *tls.CertificateVerificationError
	)
	return !isAlert(e.Err) && !errors.As(e.Err, &record) && !errors.As(e.Err, &verified)
}

// isAlert reports that the peer has ended TLS with an alert, which is how it
// refuses a client: a missing certificate, no protocol version in common.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// isClosed reports that the peer ended the connection, rather than this
// process or the network between.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, errnoReset) || errors.Is(err, errnoAborted)
}

// dialError explains why no network connection came about.
func dialError(err error) error {
	hint := ""
	var dns *net.DNSError
	switch {
	case errors.Is(err, errnoRefused):
		hint = "is a broker running and listening there?"
	case errors.As(err, &dns) && dns.IsNotFound:
		hint = "is the name right?"
	}
	return &NetworkError{Err: err, Hint: hint}
}

// tlsError explains why a TLS handshake failed.
func tlsError(err error) error {
	return &NetworkError{Err: err, Hint: tlsHint(err)}
}

func tlsHint(err error) string {
	const plaintext = "is this a plaintext listener?"
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
	)
	switch {
	case errors.As(err, &record):
		if hint := strangerHint(record.RecordHeader[:]); hint != "" {
			return hint
		}
		return plaintext
	case isClosed(err):
		return plaintext
	case errors.As(err, &authority):
		return "put the certificate of its authority into RootCAs of the TLS settings"
	case errors.As(err, &hostname):
		return "if the certificate is the right one, set ServerName in the TLS settings"
	case isAlert(err):
		return "it has refused this client: does it want a client certificate (Certificates of the TLS settings)?"
	}
	return ""
}

// ioError explains why reading from or writing to an open connection failed.
func ioError(err error) error {
	if isAlert(err) { // in TLS 1.3 a refused client hears of it after its handshake
		return tlsError(err)
	}
	return &NetworkError{Err: err}
}
