# Drives a daemon through Perl's XMLRPC::Lite; prints what came back, line by line.
use strict;
use warnings;
use utf8;
use XMLRPC::Lite;

# an answer that never comes fails the test
alarm 60;
binmode STDOUT, ':encoding(UTF-8)';
my ($port, $user, $pass) = @ARGV;
my $client = XMLRPC::Lite->proxy("http://$user:$pass\@127.0.0.1:$port/RPC2");

sub call {
    my $answer = $client->call(@_);
    die "fault: " . $answer->faultstring if $answer->fault;
    return $answer->result;
}

sub fault_of {
    my $answer = $client->call(@_);
    die "no fault" unless $answer->fault;
    return $answer->faultcode . ' ' . $answer->faultstring;
}

print 'state ', call('supervisor.getState')->{statename}, "\n";
print 'methods ', scalar @{ call('system.listMethods') }, "\n";
print 'processes ', join(' ', map { $_->{name} } @{ call('supervisor.getAllProcessInfo') }), "\n";
my $true = sub { shift() ? 'true' : 'false' };
print 'stop ', $true->(call('supervisor.stopProcess', 'x')), "\n";
print 'again ', fault_of('supervisor.stopProcess', 'x'), "\n";
print 'unknown ', fault_of('supervisor.startProcess', 'nope'), "\n";
print 'start ', $true->(call('supervisor.startProcess', 'x', XMLRPC::Data->type(boolean => 1))), "\n";
my @calls = map { { methodName => $_, params => [] } }
    qw(supervisor.getPID supervisor.nope system.multicall);
my $results = call('system.multicall', \@calls);
print 'multicall ', $results->[0] =~ /^\d+$/ ? 'number' : 'other', ' ',
    $results->[1]{faultString}, ' ', $results->[2]{faultString}, "\n";
my $text = XMLRPC::Data->type(string => "grüße <&>\n");
print 'stdin ', $true->(call('supervisor.sendProcessStdin', 'x', $text)), "\n";
while (1) {
    my $log = call('supervisor.readProcessStdoutLog', 'x', 0, 0);
    if ($log =~ s/\n$//) {
        print "log $log\n";
        last;
    }
}
